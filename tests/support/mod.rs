//! What the tests of the program share: projects of their own, and the program run in them as a user runs it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rehearsal");

/// Longer than anything takes that works, also on a busy machine, a build of the example included.
const PATIENCE: Duration = Duration::from_mins(6);

/// What the tests' own surroundings must not decide.
const FOREIGN: &[&str] = &[
    "CI",
    "KUBECONFIG",
    "REHEARSAL_CLUSTER",
    "REHEARSAL_SHARD",
    "REHEARSAL_CACHE",
    "REHEARSAL_STATE",
    "INSTA_UPDATE",
    "INSTA_FORCE_PASS",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "RUST_BACKTRACE",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "REHEARSAL_MIRROR",
    "KUBEBUILDER_ASSETS",
];

/// A folder with scenarios and snapshots, and a home of its own: no kubeconfig and no cluster is there.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// How the program ended and what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("rehearsal-test-").tempdir().unwrap();
        for name in ["scenarios", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file, folders included.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `rehearsal ARGS..` in this folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("HOME", self.path("home")).env_remove("XDG_CACHE_HOME").env_remove("XDG_STATE_HOME");
        command.current_dir(self.folder()).args(args).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    /// Everything below a folder: contents and when it was changed last.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
        let mut found = BTreeMap::new();
        files(&self.path(name), &mut found);
        found
    }
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, (SystemTime, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        let contents = if metadata.is_dir() {
            files(&path, found);
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        found.insert(path, (metadata.modified().unwrap(), contents));
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    Running::start(command).end()
}

/// The program while it runs. What it writes is read all the time.
pub(crate) struct Running {
    pub(crate) process: Child,
    out: Option<JoinHandle<String>>,
    err: Option<JoinHandle<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed in between leaves no process.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut running = Self::start_with(command, Stdio::piped());
        running.out = running.process.stdout.take().map(read);
        running
    }

    /// Standard output is not read.
    pub(crate) fn start_with(command: &mut Command, out: Stdio) -> Self {
        let mut process = command.stdout(out).stderr(Stdio::piped()).spawn().unwrap();
        let err = process.stderr.take().map(read);
        Self { process, out: None, err }
    }

    /// Waits for its end. One that never ends fails the test, with what it wrote.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let deadline = Instant::now() + PATIENCE;
        let mut is_late = false;
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                is_late = true;
                self.process.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let text = |read: Option<JoinHandle<String>>| read.map(|read| read.join().unwrap()).unwrap_or_default();
        let ran = Ran { code: status.code(), out: text(self.out.take()), err: text(self.err.take()) };
        assert!(!is_late, "it did not end: {ran:?}");
        ran
    }
}

fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    })
}

impl Ran {
    /// Both texts, for looking for something in either.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n--- on standard error\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.all().contains(part), "no `{part}` in\n{}\n--- on standard error\n{}", self.out, self.err);
        }
        self
    }

    #[track_caller]
    pub(crate) fn keeps_quiet_about(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(!self.all().contains(part), "`{part}` is in\n{}\n--- on standard error\n{}", self.out, self.err);
        }
        self
    }
}

/// Looks again and again until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What differs from run to run, masked: times, moments, the suffix of unique names, and `address`.
pub(crate) fn masked(text: &str, address: &str) -> String {
    let text = text.replace(address, "127.0.0.1:PORT");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("-rh")
            && after.len() >= 5
            && after.as_bytes()[..5].iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        {
            out.push_str("-rhxxxxx");
            rest = &after[5..];
        } else if let Some(length) = time(rest)
            && !out.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        {
            out.push_str("N.NN");
            rest = &rest[length..];
        } else if let digits @ 9.. = rest.bytes().take_while(u8::is_ascii_digit).count() {
            out.push('N');
            rest = &rest[digits..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    // Times are padded.
    while out.contains("[ ") {
        out = out.replace("[ ", "[");
    }
    out.replace("N.NN ms", "N.NN s")
}

/// How long the number of a time such as `1.02 s` or `0.004s` is that stands here.
fn time(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let is_number = text[..end].contains('.') && text.starts_with(|c: char| c.is_ascii_digit());
    let unit = text[end..].trim_start_matches(' ').trim_start_matches('m');
    let is_time = unit.strip_prefix('s').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    (is_number && is_time).then_some(end)
}
