//! A server of releases on loopback: what dl.k8s.io and github.com have, for one release, and how it misbehaves.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// The release that is published.
pub(crate) const VERSION: &str = "v1.36.3";
/// The etcd that goes with it.
pub(crate) const ETCD: &str = "3.6.8";
/// How long each program is, in bytes.
pub(crate) const LENGTH: usize = 200_000;

pub(crate) const KUBERNETES: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];

/// How a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// As it should be.
    Whole,
    /// The connection ends after so many bytes, the next so many times.
    Cut { after: usize, times: usize },
    /// From the beginning, whatever part is asked for.
    WithoutRanges,
    /// It is elsewhere: at the same path below `/moved`.
    Moved,
    /// Half of it; the rest when the server is let go on.
    Held,
    /// It is said to be much longer.
    Huge,
}

#[derive(Debug, Clone)]
struct Published {
    bytes: Vec<u8>,
    how: How,
}

#[derive(Default)]
struct State {
    files: Mutex<BTreeMap<String, Published>>,
    requests: Mutex<Vec<String>>,
    authorizations: Mutex<Vec<String>>,
    is_let_go: Mutex<bool>,
    lets_go: Condvar,
}

/// The server.
pub(crate) struct Releases {
    state: Arc<State>,
    address: String,
}

impl Drop for Releases {
    fn drop(&mut self) {
        // A thread that holds something back ends.
        self.go_on();
    }
}

/// What is in a program: every one something else.
pub(crate) fn program(name: &str) -> Vec<u8> {
    let mut bytes = format!("#!/bin/sh\necho {name}\nexit\n").into_bytes();
    bytes.extend((0..).flat_map(|n: u32| n.to_le_bytes()).take(LENGTH - bytes.len()));
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let folder = format!("etcd-v{ETCD}-linux-{}", platform());
    for name in ["README.md", "etcdctl", "etcd"] {
        let bytes = program(name);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{folder}/{name}"), bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn platform() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

/// The path of a program.
pub(crate) fn path(name: &str) -> String {
    if name == "etcd" {
        format!("/etcd-io/etcd/releases/download/v{ETCD}/etcd-v{ETCD}-linux-{}.tar.gz", platform())
    } else {
        format!("/release/{VERSION}/bin/linux/{}/{name}", platform())
    }
}

impl Releases {
    /// Publishes one release.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let releases = Self { state: Arc::default(), address };
        releases.publish("/release/stable-1.36.txt", VERSION.as_bytes());
        for name in KUBERNETES {
            releases.publish(&path(name), &program(name));
            releases.publish(&format!("{}.sha256", path(name)), sha256(&program(name)).as_bytes());
        }
        let (archive, path) = (archive(), path("etcd"));
        let (folder, name) = path.rsplit_once('/').unwrap();
        let sums = format!("{}  etcd-other.zip\n{}  {name}\n", sha256(b""), sha256(&archive));
        releases.publish(&format!("{folder}/SHA256SUMS"), sums.as_bytes());
        releases.publish(&path, &archive);
        let state = Arc::clone(&releases.state);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let state = Arc::clone(&state);
                // A client that goes away in between is no mistake of the server.
                thread::spawn(move || connection.and_then(|connection| answer(&state, connection)));
            }
        });
        releases
    }

    pub(crate) fn publish(&self, path: &str, bytes: &[u8]) {
        let published = Published { bytes: bytes.to_vec(), how: How::Whole };
        self.state.files.lock().unwrap().insert(path.to_owned(), published);
    }

    /// From now on a program is sent like this.
    pub(crate) fn sends(&self, name: &str, how: How) {
        self.state.files.lock().unwrap().get_mut(&path(name)).unwrap().how = how;
    }

    /// What is held back is sent now.
    pub(crate) fn go_on(&self) {
        *self.state.is_let_go.lock().unwrap() = true;
        self.state.lets_go.notify_all();
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The host and the port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What was asked for since this was last looked at: paths, and from where on.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.requests.lock().unwrap())
    }

    /// With what names and passwords.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.state.authorizations.lock().unwrap().clone()
    }
}

/// The path and the headers of a request.
fn request(reader: &mut impl BufRead) -> std::io::Result<(String, BTreeMap<String, String>)> {
    let mut lines = reader.lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Ok((first, headers))
}

fn answer(state: &State, mut connection: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let (mut first, mut headers) = request(&mut reader)?;
    if first.starts_with("CONNECT ") {
        // As a proxy it leads to itself, wherever one wants to go.
        state.requests.lock().unwrap().push(first.trim_end_matches(" HTTP/1.1").to_owned());
        connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        (first, headers) = request(&mut reader)?;
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let from = headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let said = from.map(|from: usize| format!(" from {from}")).unwrap_or_default();
    state.requests.lock().unwrap().push(format!("{path}{said}"));
    state.authorizations.lock().unwrap().extend(headers.get("authorization").cloned());
    let path = path.strip_prefix("http://mirror.invalid").unwrap_or(&path);
    let (path, is_moved) = path.strip_prefix("/moved").map_or((path, false), |path| (path, true));
    let Some(file) = state.files.lock().unwrap().get(path).cloned() else {
        return connection
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found");
    };
    if file.how == How::Moved && !is_moved {
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: /moved{path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return connection.write_all(head.as_bytes());
    }
    let whole = file.bytes.len();
    let from = from.filter(|from| *from < whole && file.how != How::WithoutRanges);
    let rest = &file.bytes[from.unwrap_or_default()..];
    let status = from.map_or("200 OK".to_owned(), |from| {
        format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{whole}", whole - 1)
    });
    let length = if file.how == How::Huge { 1 << 60 } else { rest.len() };
    write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    match file.how {
        How::Cut { after, times: 1.. } => {
            if let Some(Published { how: How::Cut { times, .. }, .. }) = state.files.lock().unwrap().get_mut(path) {
                *times -= 1;
            }
            connection.write_all(&rest[..after])
        }
        How::Held => {
            let (now, later) = rest.split_at(rest.len() / 2);
            connection.write_all(now)?;
            drop(state.lets_go.wait_while(state.is_let_go.lock().unwrap(), |is_let_go| !*is_let_go).unwrap());
            connection.write_all(later)
        }
        _ => connection.write_all(rest),
    }
}
