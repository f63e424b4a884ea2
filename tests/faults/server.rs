//! An API server just good enough for one scenario, which misbehaves on demand at a chosen request.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// What it does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Answers with a Status of this code and message.
    Status(u16, &'static str),
    /// Answers with this code and this text.
    Text(u16, &'static str),
    /// Answers with this code and nothing else.
    Empty(u16),
    /// Says nothing.
    Hang,
    /// Begins to answer, and stops in the middle of the body without a word.
    HangInTheBody,
    /// Closes the connection without a byte.
    Close,
    /// Closes the connection in the middle of the body.
    HalfABody,
    /// Closes the connection in the middle of a body whose length it did not say.
    HalfABodyOfUnknownLength,
    /// Answers with something that it calls JSON.
    Garbage,
    /// Answers 200 with the page of something else.
    Page,
    /// Does not speak HTTP.
    OtherProtocol,
    /// Ends: all connections break, and nobody listens any more.
    Die,
}

/// When it misbehaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    /// The method and path, names as the scenario writes them.
    pub(crate) at: &'static str,
    pub(crate) how: How,
    /// How often before it is well again.
    pub(crate) times: usize,
}

/// A running server. It ends with this.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    objects: BTreeMap<String, Value>,
    requests: Vec<String>,
    connections: Vec<TcpStream>,
    is_dead: bool,
}

/// What comes after a request.
enum Next {
    Answer(u16, &'static str, String),
    Misbehave(How),
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::serve(None)
    }

    pub(crate) fn start_tls(tls: ServerConfig) -> Self {
        Self::serve(Some(Arc::new(tls)))
    }

    fn serve(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { address, tls, state: Mutex::default() });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&listener)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    /// Misbehaves from now on.
    pub(crate) fn misbehave(&self, fault: Fault) {
        self.shared.state().fault = Some(fault);
    }

    /// The requests so far, as `METHOD PATH` with names as the scenario writes them; counts from here anew.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().requests)
    }

    /// What was created and not deleted.
    pub(crate) fn left(&self) -> Vec<String> {
        self.shared.state().objects.keys().cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.die();
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for connection in listener.incoming().map_while(Result::ok) {
            let mut state = self.state();
            if state.is_dead {
                return;
            }
            state.connections.push(connection.try_clone().unwrap());
            let shared = Arc::clone(self);
            // A client that goes away in the middle is none of this thread's business.
            std::thread::spawn(move || {
                let other = connection.try_clone();
                drop(shared.connection(connection));
                drop(other.and_then(|other| other.shutdown(Shutdown::Both)));
            });
        }
    }

    fn die(&self) {
        self.state().is_dead = true;
        // Wakes the listener up, which then closes; who connects meanwhile is not answered.
        drop(TcpStream::connect(self.address));
        while TcpStream::connect(self.address).is_ok() {
            std::thread::yield_now();
        }
        for connection in self.state().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn connection(&self, connection: TcpStream) -> io::Result<()> {
        match &self.tls {
            None => self.talk(BufReader::new(connection)),
            Some(tls) => {
                let session = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
                self.talk(BufReader::new(StreamOwned::new(session, connection)))
            }
        }
    }

    fn talk<C: Read + Write>(&self, mut connection: BufReader<C>) -> io::Result<()> {
        if connection.fill_buf()?.first().is_some_and(|byte| !byte.is_ascii_alphabetic()) {
            // As Go's server says to a client that speaks TLS.
            return write!(connection.get_mut(), "HTTP/1.0 400 Bad Request\r\n\r\nnot an HTTP request\n");
        }
        while let Some((line, body)) = read_request(&mut connection)? {
            match self.next(&line, &body) {
                Next::Answer(code, kind, text) => {
                    write!(
                        connection.get_mut(),
                        "HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{text}",
                        text.len()
                    )?;
                    connection.get_mut().flush()?;
                }
                Next::Misbehave(how) => return self.misbehave(how, &mut connection),
            }
        }
        Ok(())
    }

    fn next(&self, line: &str, body: &Value) -> Next {
        let mut state = self.state();
        let shown = without_suffix(line);
        state.requests.push(shown.clone());
        let fault = state.fault.as_mut().filter(|fault| fault.at == shown && fault.times > 0);
        let how = fault.map(|fault| {
            fault.times -= 1;
            fault.how
        });
        let json = |code, body: Value| Next::Answer(code, "application/json", body.to_string());
        match how {
            None => {
                let (code, body) = state.answer(line, body);
                json(code, body)
            }
            Some(How::Status(code, message)) => json(code, status(code, message)),
            Some(How::Text(code, text)) => Next::Answer(code, "text/plain", text.to_owned()),
            Some(How::Empty(code)) => Next::Answer(code, "text/plain", String::new()),
            Some(How::Garbage) => Next::Answer(200, "application/json", "{\"kind\": \"Nonsense\", ]]".to_owned()),
            Some(How::Page) => Next::Answer(200, "text/html", "<!doctype html>\n<title>Log in</title>\n".to_owned()),
            Some(how) => Next::Misbehave(how),
        }
    }

    /// What cannot be said as an answer. The connection is closed after it.
    fn misbehave<C: Read + Write>(&self, how: How, connection: &mut BufReader<C>) -> io::Result<()> {
        const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        const HALF: &str = "{\"kind\": \"ServiceAccount\", \"metadata\": {\"na";
        let out = connection.get_mut();
        match how {
            How::HalfABody | How::HangInTheBody => write!(out, "{HEAD}Content-Length: 1000\r\n\r\n{HALF}")?,
            How::HalfABodyOfUnknownLength => write!(out, "{HEAD}Connection: close\r\n\r\n{HALF}")?,
            How::OtherProtocol => write!(out, "SSH-2.0-OpenSSH_9.6\r\n")?,
            _ => {}
        }
        out.flush()?;
        match how {
            // Until the client has had enough.
            How::Hang | How::HangInTheBody => io::copy(connection, &mut io::sink()).map(drop),
            How::Die => {
                self.die();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl State {
    fn answer(&mut self, line: &str, body: &Value) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let path = path.split('?').next().unwrap();
        match (method, path) {
            ("GET", "/version") => (200, json!({"gitVersion": "v1.36.3"})),
            ("GET", "/.well-known/openid-configuration") => (200, json!({"issuer": "https://issuer.test"})),
            ("GET", "/api/v1/nodes") => (200, json!({"kind": "NodeList", "items": []})),
            ("GET", "/api/v1") => (200, resources(&[("serviceaccounts", "ServiceAccount", true)])),
            ("GET", "/apis/rbac.authorization.k8s.io/v1") => {
                (200, resources(&[("clusterroles", "ClusterRole", false)]))
            }
            ("POST", _) if path.starts_with("/apis/authentication") || path.starts_with("/apis/authorization") => {
                (201, json!({"kind": "Review", "status": {}}))
            }
            ("POST", _) if path.ends_with("/token") => (404, status(404, "no token of this server")),
            ("POST", collection) => {
                let mut object = body.clone();
                object["metadata"]["uid"] = "00000000-0000-4000-8000-000000000001".into();
                let path = format!("{collection}/{}", object["metadata"]["name"].as_str().unwrap());
                self.objects.insert(path, object.clone());
                (201, object)
            }
            ("GET", path) => match self.objects.get(path) {
                Some(object) => (200, object.clone()),
                None => (404, status(404, &format!("{path} not found"))),
            },
            ("DELETE", path) => match self.objects.remove(path) {
                Some(object) => {
                    self.objects.retain(|other, _| !other.starts_with(&format!("{path}/")));
                    (200, object)
                }
                None => (404, status(404, &format!("{path} not found"))),
            },
            _ => (405, status(405, "the server does not allow this method")),
        }
    }
}

fn resources(of: &[(&str, &str, bool)]) -> Value {
    let resource = |(name, kind, namespaced): &(&str, &str, bool)| json!({"name": name, "kind": kind, "namespaced": namespaced, "verbs": ["create", "get"]});
    json!({"kind": "APIResourceList", "resources": of.iter().map(resource).collect::<Vec<_>>()})
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message})
}

/// The method and the path of a request, and its body. None at the end of the connection.
fn read_request(connection: &mut impl BufRead) -> io::Result<Option<(String, Value)>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let length = lines.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    connection.read_exact(&mut body)?;
    let request = lines.first().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).unwrap_or_default();
    Ok(Some((request, serde_json::from_slice(&body).unwrap_or_default())))
}

fn without_suffix(line: &str) -> String {
    let mut parts = line.split("-rh");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.get(5..).unwrap_or_default())
}
