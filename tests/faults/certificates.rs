//! Certificates that one side does not accept.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libtest_mimic::{Failed, Trial};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;

use super::server::Server;
use super::support::Project;
use super::{SCENARIO, compare, rehearse, shown, write_kubeconfig};

pub(crate) const NAMES: [&str; 6] = [
    "tls-unknown-authority",
    "tls-expired",
    "tls-other-name",
    "tls-refused-client",
    "tls-expected-plain-served",
    "tls-served-plain-expected",
];

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    NAMES.into_iter().map(|name| Trial::test(name, move || refused(name)))
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
struct Pair {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, names: &[&str], is_expired: bool) -> Pair {
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "somebody");
        if is_expired {
            params.not_after = date_time_ymd(2001, 2, 3);
        }
        let key = KeyPair::generate().unwrap();
        Pair { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }
}

/// Runs the scenario against a server of which `name` says what is wrong with it.
fn refused(name: &str) -> Result<(), Failed> {
    let (ours, other) = (Authority::new("ours"), Authority::new("another"));
    let names: &[&str] = if name == "tls-other-name" { &["elsewhere.example.com"] } else { &["127.0.0.1"] };
    let of_server = ours.issue(names, name == "tls-expired");
    let of_client = if name == "tls-refused-client" { &other } else { &ours }.issue(&[], false);
    let trusted = if name == "tls-unknown-authority" { &other } else { &ours };

    let server = match name {
        "tls-expected-plain-served" => Server::start(),
        _ => Server::start_tls(config(&of_server, &ours)),
    };
    let scheme = if name == "tls-served-plain-expected" { "http" } else { "https" };
    let project = Project::new();
    project.write("scenarios/sa.yaml", SCENARIO);
    let key = of_client.key.serialize_pem();
    write_kubeconfig(
        &project,
        &json!({
            "server": format!("{scheme}://{}", server.address),
            "certificate-authority-data": BASE64_STANDARD.encode(trusted.0.pem()),
        }),
        &json!({
            "client-certificate-data": BASE64_STANDARD.encode(of_client.certificate.pem()),
            "client-key-data": BASE64_STANDARD.encode(&key),
        }),
    );
    let ran = rehearse(&project, &["run"]);
    ran.exits(3);
    for line in key.lines().filter(|line| line.len() > 20 && !line.starts_with('-')) {
        ran.keeps_quiet_about(&[&line[..20], &BASE64_STANDARD.encode(line)[..20]]);
    }
    assert!(!project.path("snapshots").exists());
    compare(name, shown(&ran, &server.address.to_string(), &server.take_requests()))
}

/// A server that wants to see a certificate of `clients`, as an API server without tokens does.
fn config(own: &Pair, clients: &Authority) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    roots.add(clients.0.der().clone()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let key = PrivateKeyDer::try_from(own.key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.certificate.der().clone()], key)
        .unwrap()
}
