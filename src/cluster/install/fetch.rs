//! Questions to a release server, and what its failures mean.

use std::error::Error;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, BodyReader, Timeout};

use super::mirror::{Address, Mirror};

/// How long a connection may take to come about.
const CONNECTS_WITHIN: Duration = Duration::from_secs(15);

/// What a checksum file or the name of a release may take; what is longer is some page.
const TEXT: u64 = 256 << 10;

/// Why something could not be downloaded.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FetchError {
    /// It answered that it has no such thing, or will not give it.
    #[error("{url} answers with code {status}")]
    #[diagnostic(help("{}", advice(*status)))]
    Status {
        /// The address.
        url: String,
        /// The code.
        status: u16,
    },
    /// There is no connection to it.
    #[error("{url} cannot be reached: {cause}")]
    #[diagnostic(help("{}", way(cause)))]
    Unreachable {
        /// The address.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// Nothing came for a long time.
    #[error("{url}: nothing came for {} s, after {received} bytes", patience.as_secs_f64())]
    #[diagnostic(help("what came is kept: install it again to go on from there"))]
    Stalled {
        /// The address.
        url: String,
        /// For how long it was waited.
        patience: Duration,
        /// How many there are by now.
        received: u64,
    },
    /// The connection ended before the answer did.
    #[error("{url}: the connection ended after {received}{} bytes: {cause}", of(*expected))]
    #[diagnostic(help("what came is kept: install it again to go on from there"))]
    Broken {
        /// The address.
        url: String,
        /// How many bytes there are by now.
        received: u64,
        /// How many there should be, where that is known.
        expected: Option<u64>,
        /// What the system says.
        cause: String,
    },
    /// An answer that is no text of the kind that was asked for.
    #[error("{url} answers with something that is no {wanted}")]
    #[diagnostic(help("open the address: a proxy or a login page may answer in its place"))]
    Unreadable {
        /// The address.
        url: String,
        /// What it should be.
        wanted: &'static str,
    },
}

fn advice(status: u16) -> &'static str {
    match status {
        401 | 407 => {
            "it asks for a password: set REHEARSAL_MIRROR=https://NAME:PASSWORD@HOST, or the same for HTTPS_PROXY"
        }
        500.. => "that is the server's own trouble: try it again later, or name another one with --mirror URL",
        _ => "open the address in a browser; another server is named with --mirror URL",
    }
}

fn way(cause: &str) -> &'static str {
    if cause.contains("certificate") {
        "the authorities that this machine trusts are asked; one of your own is named by SSL_CERT_FILE"
    } else {
        "check the network; behind a proxy set HTTPS_PROXY, and name a server that can be reached with --mirror URL"
    }
}

fn of(expected: Option<u64>) -> String {
    expected.map(|bytes| format!(" of {bytes}")).unwrap_or_default()
}

/// A client of release servers: follows redirections, and goes through the proxy of the environment.
pub(super) struct Fetch {
    agent: Agent,
    patience: Duration,
}

/// A file as it comes.
pub(super) struct Coming {
    reader: BodyReader<'static>,
    url: String,
    patience: Duration,
    /// The place in the file that it begins at: what was asked for, or 0.
    pub starts: u64,
    /// How long the whole file is, where that is said.
    pub total: Option<u64>,
}

impl Fetch {
    /// A server that sends nothing for as long as `patience` is given up.
    pub(super) fn new(mirror: &Mirror, patience: Duration) -> Self {
        // The certificates that this machine trusts, so that a company's own authority is enough.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(mirror.is_https())
            .http_status_as_error(false)
            .timeout_resolve(Some(CONNECTS_WITHIN))
            .timeout_connect(Some(CONNECTS_WITHIN))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience))
            .user_agent(concat!("rehearsal/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), patience }
    }

    /// A short text.
    pub(super) fn text(&self, address: &Address, wanted: &'static str) -> Result<String, FetchError> {
        let answer = self.ask(address, 0)?;
        let read = answer.into_body().into_with_config().limit(TEXT).read_to_string();
        read.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => FetchError::Unreadable { url: address.to_string(), wanted },
            error => cut(address.to_string(), self.patience, &error, 0, None),
        })
    }

    /// A file, from a place on where its server can do that.
    pub(super) fn file(&self, address: &Address, from: u64) -> Result<Coming, FetchError> {
        let answer = self.ask(address, from)?;
        let (status, length) = (answer.status(), answer.body().content_length());
        let (starts, total) = match (status, range(&answer)) {
            (StatusCode::PARTIAL_CONTENT, Some((starts, total))) if starts == from => (starts, Some(total)),
            (StatusCode::OK, _) => (0, length),
            // The server has less than we have, or understands something else: anew.
            _ if from > 0 => return self.file(address, 0),
            _ => return Err(FetchError::Status { url: address.to_string(), status: status.as_u16() }),
        };
        let (reader, url) = (answer.into_body().into_reader(), address.to_string());
        Ok(Coming { reader, url, patience: self.patience, starts, total })
    }

    fn ask(&self, address: &Address, from: u64) -> Result<Response<Body>, FetchError> {
        let mut request = self.agent.get(address.url());
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let answer = request.call().map_err(|error| no_answer(address.to_string(), self.patience, &error))?;
        let status = answer.status();
        if status.is_success() || (from > 0 && status == StatusCode::RANGE_NOT_SATISFIABLE) {
            return Ok(answer);
        }
        Err(FetchError::Status { url: address.to_string(), status: status.as_u16() })
    }
}

impl Coming {
    /// The next bytes, after `received`; none at the end.
    pub(super) fn next(&mut self, buffer: &mut [u8], received: u64) -> Result<usize, FetchError> {
        let cut = |error: io::Error| cut(self.url.clone(), self.patience, &error.into(), received, self.total);
        match self.reader.read(buffer).map_err(cut)? {
            0 if self.total.is_some_and(|total| received < total) => {
                Err(cut(io::Error::new(io::ErrorKind::UnexpectedEof, "it was closed")))
            }
            read => Ok(read),
        }
    }
}

/// Where a part of a file begins, and how long the file is: `bytes 100-199/200`.
fn range(answer: &Response<Body>) -> Option<(u64, u64)> {
    let range = answer.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (part, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    Some((part.split_once('-')?.0.parse().ok()?, total.parse().ok()?))
}

/// Before an answer began.
fn no_answer(url: String, patience: Duration, error: &ureq::Error) -> FetchError {
    let cause = match error {
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            format!("no connection within {} s", CONNECTS_WITHIN.as_secs())
        }
        ureq::Error::Timeout(_) => return FetchError::Stalled { url, patience, received: 0 },
        ureq::Error::Io(cause) if cause.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>) => {
            format!("no TLS connection: {cause}")
        }
        ureq::Error::Io(cause) => cause.to_string(),
        ureq::Error::HostNotFound => "no such host".to_owned(),
        ureq::Error::ConnectProxyFailed(said) => format!("the proxy answers {said}"),
        // They may repeat an address that a server sent us to, with what it signed it with.
        ureq::Error::RequireHttpsOnly(_) => "it sends us to an address without https".to_owned(),
        ureq::Error::BadUri(_) => "it sends us to something that is no address".to_owned(),
        error => error.to_string(),
    };
    FetchError::Unreachable { url, cause }
}

/// In the middle of one.
fn cut(url: String, patience: Duration, error: &ureq::Error, received: u64, expected: Option<u64>) -> FetchError {
    let cause = match error {
        ureq::Error::Timeout(_) => return FetchError::Stalled { url, patience, received },
        ureq::Error::Io(cause) => cause.to_string(),
        error => error.to_string(),
    };
    FetchError::Broken { url, received, expected, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: &ureq::Error) -> String {
        no_answer("https://h/x".to_owned(), Duration::from_secs(30), error).to_string()
    }

    #[test]
    fn why_there_is_no_answer_is_told_without_what_may_be_signed() {
        let unknown = "failed to lookup address information";
        assert_eq!(said(&io::Error::other(unknown).into()), format!("https://h/x cannot be reached: {unknown}"));
        let timeout = said(&ureq::Error::Timeout(Timeout::Connect));
        assert_eq!(timeout, "https://h/x cannot be reached: no connection within 15 s");
        let silent = said(&ureq::Error::Timeout(Timeout::RecvResponse));
        assert_eq!(silent, "https://h/x: nothing came for 30 s, after 0 bytes");
        for error in [ureq::Error::RequireHttpsOnly, ureq::Error::BadUri] {
            assert!(!said(&error("http://h/x?signature=secret".to_owned())).contains("secret"));
        }
    }

    #[test]
    fn a_certificate_that_nobody_here_knows_has_an_advice_of_its_own() {
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::new(io::ErrorKind::InvalidData, error).into();
        let error = no_answer("https://h/x".to_owned(), Duration::from_secs(30), &error);
        assert!(error.to_string().contains("no TLS connection: invalid peer certificate"), "{error}");
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert!(help.contains("SSL_CERT_FILE"), "{help}");
    }
}
