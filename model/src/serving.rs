//! The model on a socket, for programs of their own: HTTPS, with client certificates where a client has one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::service::fingerprint;
use crate::{Model, Peer};

/// How long nothing is accepted when accepting failed.
const BREATH: Duration = Duration::from_millis(20);

/// What a server shows of itself, and whose clients it knows.
#[derive(Debug)]
pub struct Identity {
    /// Its certificate, and those between it and the authority, as DER.
    pub certificates: Vec<Vec<u8>>,
    /// Its private key, as PKCS #8 DER.
    pub key: Vec<u8>,
    /// The authority whose client certificates count, as DER.
    pub authority: Vec<u8>,
}

/// Why the model is not on a socket.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No port is to be had.
    #[error("listening on 127.0.0.1 failed: {0}")]
    Listen(#[from] io::Error),
    /// The certificate, the key or the authority is none.
    #[error("serving HTTPS failed: {0}")]
    Tls(String),
}

/// A model on a socket, for as long as this is there: connections end with it.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    /// Ends what it serves when it is dropped.
    _connections: JoinSet<()>,
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Model {
    /// Listens on a free port of 127.0.0.1, with HTTP/1.1 and HTTP/2. To be called in the runtime that the model lives in.
    pub async fn serve(&self, identity: Identity) -> Result<Serving, ServeError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        self.world().address = address.to_string();
        let acceptor = TlsAcceptor::from(Arc::new(config(identity)?));
        let mut connections = JoinSet::new();
        connections.spawn(accept(self.clone(), listener, acceptor));
        Ok(Serving { address, _connections: connections })
    }
}

fn config(identity: Identity) -> Result<ServerConfig, ServeError> {
    let failed = |error: &dyn std::fmt::Display| ServeError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(identity.authority)).map_err(|error| failed(&error))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = verifier.allow_unauthenticated().build().map_err(|error| failed(&error))?;
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(identity.key);
    let certificates = identity.certificates.into_iter().map(CertificateDer::from).collect();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| failed(&error))?.with_client_cert_verifier(verifier);
    let mut config = config.with_single_cert(certificates, key.into()).map_err(|error| failed(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

async fn accept(model: Model, listener: TcpListener, acceptor: TlsAcceptor) {
    // Connections end with the listener.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(model.clone(), stream, acceptor.clone()))),
                // Out of file descriptors, most likely: those that end give some back.
                Err(_) => tokio::time::sleep(BREATH).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A client that breaks its connection off, or speaks something else, is nobody's concern but its own.
async fn connection(model: Model, stream: TcpStream, acceptor: TlsAcceptor) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let certificates = stream.get_ref().1.peer_certificates();
    let peer = certificates.and_then(<[_]>::first).map_or_else(Peer::nobody, |certificate| peer(certificate));
    let service = TowerToHyperService::new(model.service(peer));
    let server = auto::Builder::new(TokioExecutor::new());
    // As above.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// Whom a verified certificate stands for: its common name, in the groups of its organizations.
fn peer(der: &CertificateDer<'_>) -> Peer {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Peer::nobody() };
    let subject = certificate.subject();
    let name = subject.iter_common_name().find_map(|name| name.as_str().ok()).unwrap_or_default();
    let groups: Vec<&str> = subject.iter_organization().filter_map(|name| name.as_str().ok()).collect();
    if name.is_empty() {
        return Peer::nobody();
    }
    Peer { fingerprint: fingerprint(der), ..Peer::certified(name, groups) }
}
