//! `rehearsal init`: what a project needs to begin, and never anything in the place of what is there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::{Exit, Failure, Terminal};
use crate::schema;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal init                       in the project that this is
  rehearsal init ../operator
  rehearsal init --dry-run             only say what would be written

No file is ever overwritten, and Cargo.toml is never edited: what it needs is shown.")]
pub(super) struct InitArgs {
    /// The folder of the project; it is made if it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: Utf8PathBuf,
    /// Write nothing.
    #[arg(long)]
    dry_run: bool,
}

const FIRST: &str = include_str!("init/first.yaml");
const SCHEMA: &str = "scenarios/schema.json";

const HARNESS: &str =
    "//! Every scenario on a model of each minor that was recorded, or on the clusters that `REHEARSAL_CLUSTER` names.

rehearsal::harness!();
";

/// What the Cargo.toml of a project needs, each with a text by which it is known to be there.
const MANIFEST: [(&str, &str); 3] = [
    (
        "rehearsal =",
        concat!(
            "[dev-dependencies]\nrehearsal = \"",
            env!("CARGO_PKG_VERSION_MAJOR"),
            ".",
            env!("CARGO_PKG_VERSION_MINOR"),
            "\"\n"
        ),
    ),
    ("name = \"scenarios\"", "[[test]]\nname = \"scenarios\"\nharness = false\n"),
    (
        "package.rsa]",
        "# In the root of the workspace: the RSA key of a local control plane takes seconds in an unoptimised build.\n\
         [profile.dev.package.num-bigint-dig]\nopt-level = 3\n[profile.dev.package.rsa]\nopt-level = 3\n",
    ),
];

/// What is there for a while, between recording and review.
const IGNORED: [&str; 3] = ["*.snap.new", "recorded.yaml.new", ".rehearsal-*"];

pub(super) fn run(args: &InitArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let InitArgs { folder, dry_run } = args;
    // Paths are shown as a person would write them.
    let folder = folder.strip_prefix(".").unwrap_or(folder);
    let manifest = read(&folder.join("Cargo.toml"))?;
    let schema = schema::page();
    let mut files = vec![("scenarios/first.yaml", FIRST), (SCHEMA, &schema)];
    files.extend(manifest.is_some().then_some(("tests/scenarios.rs", HARNESS)));
    for (name, text) in files {
        let path = folder.join(name);
        let is_new = if *dry_run { !path.is_symlink() && !path.exists() } else { write_new(&path, text)? };
        if is_new {
            writeln!(terminal.out, "{} {path}", if *dry_run { "would write" } else { "wrote" })?;
        } else if name == SCHEMA && read(&path)?.is_none_or(|known| known != text) {
            writeln!(terminal.out, "kept {path}, which is another version's: rehearsal schema > {path}")?;
        } else {
            writeln!(terminal.out, "kept {path}, which was there already")?;
        }
    }
    let ignored = read(&folder.join(".gitignore"))?.unwrap_or_default();
    let ignored = IGNORED.iter().filter(|line| !ignored.lines().any(|known| known == **line));
    let ignored: String = ignored.flat_map(|line| [*line, "\n"]).collect();
    show(terminal, &folder.join(".gitignore"), &ignored)?;
    if let Some(manifest) = &manifest {
        let missing = MANIFEST.iter().filter(|(known, _)| !manifest.contains(known)).map(|(_, lines)| *lines);
        show(terminal, &folder.join("Cargo.toml"), &missing.collect::<Vec<_>>().join("\n"))?;
    }
    writeln!(terminal.out, "\nAnd then:\n")?;
    if !folder.as_str().is_empty() {
        writeln!(terminal.out, "    cd {folder}")?;
    }
    write!(terminal.out, "{NEXT}")?;
    if manifest.is_some() {
        writeln!(
            terminal.out,
            "    cargo test                                every scenario, on a model of the API server"
        )?;
    }
    Ok(Exit::Ok)
}

const NEXT: &str = "    rehearsal lint
    rehearsal cluster install v1.36           once; or name a cluster of your own: context:NAME
    rehearsal run --cluster local:v1.36
    rehearsal record --cluster local:v1.36    and `rehearsal review` to accept what it proposes
";

/// Shows lines that a file of the user needs.
fn show(terminal: &mut Terminal, path: &Utf8Path, lines: &str) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(terminal.out, "\n{path} needs:\n")?;
    lines.lines().try_for_each(|line| writeln!(terminal.out, "{}", format!("    {line}").trim_end()))
}

/// The text of a file, if there is one.
fn read(path: &Utf8Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Failure::could_not_read(path, &error)),
    }
}

/// Writes a file, unless there is one of that name.
fn write_new(path: &Utf8Path, text: &str) -> Result<bool, Failure> {
    let unwritten = |error: &io::Error| Failure::could_not_write(path, error);
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| unwritten(&error))?;
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(unwritten(&error)),
    };
    file.write_all(text.as_bytes()).map_err(|error| {
        // Half a file would be kept the next time; what went wrong first is what is told.
        let _ = fs::remove_file(path);
        unwritten(&error)
    })?;
    Ok(true)
}
