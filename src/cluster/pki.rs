//! Keys and certificates of a local or an embedded control plane: made for one cluster, thrown away with it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use serde_json::{Value, json};

/// The context of every kubeconfig that is written here.
pub(super) const CONTEXT: &str = "rehearsal";

/// Names under which Pods and people reach the API server, as kubeadm has them.
const SERVER_NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    super::local::SERVICE_ADDRESS,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// Why keys or certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PkiError {
    #[error("making {what}: {cause}")]
    Make { what: String, cause: String },
    #[error("reading {path}: {cause}")]
    Read { path: PathBuf, cause: io::Error },
    #[error("writing {path}: {cause}")]
    Write { path: PathBuf, cause: io::Error },
}

/// A new certificate authority. P-256, which takes no time to speak of.
pub(super) struct Root(CertifiedIssuer<'static, KeyPair>);

impl Root {
    pub(super) fn create() -> Result<Self, PkiError> {
        const WHAT: &str = "the certificate authority";
        CertifiedIssuer::self_signed(authority_params(), key(WHAT)?).map(Self).map_err(failed(WHAT))
    }

    /// Its own certificate, as PEM and as DER.
    pub(super) fn certificate(&self) -> (String, Vec<u8>) {
        (self.0.pem(), self.0.der().to_vec())
    }

    /// A certificate for the API server, and its key.
    pub(super) fn server(&self) -> Result<(Certificate, KeyPair), PkiError> {
        const WHAT: &str = "the server's certificate";
        let mut params = CertificateParams::new(SERVER_NAMES.map(String::from)).map_err(failed(WHAT))?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = key(WHAT)?;
        Ok((params.signed_by(&key, &self.0).map_err(failed(WHAT))?, key))
    }

    /// A certificate for a user (CN) in these groups (O).
    pub(super) fn issue(&self, user: &str, groups: &[&str]) -> Result<Client, PkiError> {
        sign(user, groups, &self.0)
    }
}

/// The certificate authority of one cluster and the folder that its files are in.
pub(super) struct Pki {
    folder: PathBuf,
    root: Root,
}

impl Pki {
    /// Makes the authority and the API server's certificate.
    pub(super) fn create(folder: &Path) -> Result<Self, PkiError> {
        let pki = Self { folder: folder.to_owned(), root: Root::create()? };
        pki.write("ca.crt", &pki.root.certificate().0)?;
        pki.write("ca.key", &pki.root.0.key().serialize_pem())?;
        let (certificate, key) = pki.root.server()?;
        pki.write("apiserver.crt", &certificate.pem())?;
        pki.write("apiserver.key", &key.serialize_pem())?;
        Ok(pki)
    }

    /// The path of a file that was written: `ca.crt`, `ca.key`, `apiserver.crt`, `apiserver.key`, `sa.key`, `sa.pub`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A kubeconfig for `user` at `path`. Every one of them may do everything: the name says who did it, in audit logs
    /// and admission, and RBAC's bootstrap does not have to come first.
    pub(super) fn write_kubeconfig(&self, path: &Path, user: &str, server: &str) -> Result<(), PkiError> {
        let client = self.root.issue(user, &["system:masters"])?;
        let encoded = |pem: &str| BASE64_STANDARD.encode(pem);
        // JSON is YAML: what reads a kubeconfig reads this.
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": {
                "server": server,
                "certificate-authority-data": encoded(&self.root.certificate().0),
            }}],
            "users": [{"name": user, "user": client.user()}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
            "current-context": CONTEXT,
        });
        write_secret(path, &format!("{kubeconfig:#}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), PkiError> {
        write_secret(&self.path(name), text)
    }
}

/// A client's certificate and its key, as PEM.
pub(super) struct Client {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Client {
    /// As the user of a kubeconfig.
    pub(super) fn user(&self) -> Value {
        json!({
            "client-certificate-data": BASE64_STANDARD.encode(&self.certificate),
            "client-key-data": BASE64_STANDARD.encode(&self.key),
        })
    }
}

/// The authority of a cluster that somebody else keeps, read from its folder to sign for clients. Its key stays there.
pub(super) struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    /// Reads the authority that [`Pki::create`] left in `folder`.
    pub(super) fn read(folder: &Path) -> Result<Self, PkiError> {
        let path = folder.join("ca.key");
        let pem = std::fs::read_to_string(&path).map_err(|cause| PkiError::Read { path, cause })?;
        let key = KeyPair::from_pem(&pem).map_err(failed("the certificate authority"))?;
        Ok(Self(Issuer::new(authority_params(), key)))
    }

    /// A certificate for a user (CN) in these groups (O).
    pub(super) fn issue(&self, user: &str, groups: &[&str]) -> Result<Client, PkiError> {
        sign(user, groups, &self.0)
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn sign(user: &str, groups: &[&str], authority: &Issuer<'_, KeyPair>) -> Result<Client, PkiError> {
    let mut params = CertificateParams::default();
    for group in groups {
        params.distinguished_name.push(DnType::OrganizationName, *group);
    }
    params.distinguished_name.push(DnType::CommonName, user);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = key(user)?;
    let certificate = params.signed_by(&key, authority).map_err(failed(user))?;
    Ok(Client { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// Makes the key pair that `ServiceAccount` tokens are signed with: `sa.key` and `sa.pub`. RSA, as kubeadm makes it: the
/// signatures of legacy tokens are then a function of their claims, which people rely on.
pub(super) fn write_service_account_key(folder: &Path) -> Result<(), PkiError> {
    const WHAT: &str = "the ServiceAccount key";
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(failed(WHAT))?;
    let private = key.to_pkcs8_pem(LineEnding::LF).map_err(failed(WHAT))?;
    let public = key.to_public_key().to_public_key_pem(LineEnding::LF).map_err(failed(WHAT))?;
    write_secret(&folder.join("sa.key"), &private)?;
    write_secret(&folder.join("sa.pub"), &public)
}

fn key(of: &str) -> Result<KeyPair, PkiError> {
    KeyPair::generate().map_err(failed(of))
}

fn failed<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> PkiError {
    let what = what.to_owned();
    move |cause| PkiError::Make { what, cause: cause.to_string() }
}

fn write_secret(path: &Path, text: &str) -> Result<(), PkiError> {
    let write = || OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?.write_all(text.as_bytes());
    write().map_err(|cause| PkiError::Write { path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_kubeconfig_holds_a_certificate_that_a_client_takes() {
        let folder = tempfile::tempdir().unwrap();
        let pki = Pki::create(folder.path()).unwrap();
        let path = folder.path().join("kubeconfig");
        pki.write_kubeconfig(&path, "admin", "https://127.0.0.1:1").unwrap();
        crate::cluster::context::transports_at(&path).await.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "readable by its owner only");
        }
    }
}
