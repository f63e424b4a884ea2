//! Why a request had no answer. Texts name the method and the path and never a header, which may be a token.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use http::Method;

use super::Exchange;
use super::embedded::instead;
use crate::version::Minor;

/// Why there was no answer. Any status is an answer.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SendError {
    /// Nobody listens, no route, no such host.
    #[error("{request}: the API server cannot be reached: {cause}")]
    #[diagnostic(help("check that the cluster runs and that the address of its kubeconfig context is right"))]
    Unreachable {
        /// The method and the path that were sent.
        request: String,
        /// What the system says.
        cause: String,
    },
    /// One side refused the other's certificate, or one of them does not speak TLS.
    #[error("{request}: no TLS connection: {cause}")]
    #[diagnostic(help("{}", tls_advice(cause)))]
    Tls {
        /// The method and the path that were sent.
        request: String,
        /// What the handshake says.
        cause: String,
    },
    /// The connection ended before the answer did.
    #[error("{request}: no whole answer came: {cause}")]
    #[diagnostic(help(
        "the server ended or restarted, or is no API server: look at its address and its log, then run again; whether \
         it did what it was asked is unknown"
    ))]
    Broken {
        /// The method and the path that were sent.
        request: String,
        /// What the system says.
        cause: String,
    },
    /// A local cluster went down while it was in use.
    #[error("{request}: the local cluster went down: {}", end.reason)]
    #[diagnostic(help("{}", end.advice()))]
    ClusterGone {
        /// The method and the path that were sent.
        request: String,
        /// What is known of it.
        end: Box<ClusterEnd>,
    },
    /// The kubeconfig's user has a plug-in or a token file for its credentials, and that failed.
    #[error("{request}: no credentials: {cause}")]
    #[diagnostic(help(
        "try `kubectl get --raw /version` with the same kubeconfig context; logging in again may be enough"
    ))]
    Credentials {
        /// The method and the path that were sent.
        request: String,
        /// What failed.
        cause: String,
    },
    /// An answer that stands in the way of the request it was asked for, such as the list of a group's resources.
    #[error("{}", exchange.refusal())]
    #[diagnostic(help("{}", exchange.advice().unwrap_or("check that this is a Kubernetes API server")))]
    Refused {
        /// The answer.
        exchange: Box<Exchange>,
    },
    /// An answer that cannot be read.
    #[error("{request}: the answer with code {status} {what}")]
    #[diagnostic(help("check that this is a Kubernetes API server, and that no proxy before it answers in its place"))]
    Unreadable {
        /// The method and the path that were sent.
        request: String,
        /// The status.
        status: u16,
        /// What it is instead, without its text, which may be anything.
        what: String,
    },
    /// The embedded model does not know what it was asked for.
    #[error("{what}")]
    #[diagnostic(help("{}", instead(*minor)))]
    NotModelled {
        /// The method and the path that were sent.
        request: String,
        /// What is not modelled, as a sentence that says so.
        what: String,
        /// The version that was asked.
        minor: Minor,
    },
    /// A client certificate that could not be made.
    #[error("a client certificate for `{user}` cannot be made: {cause}")]
    #[diagnostic(help("a local cluster signs them: write `needs: [ca]`, and other clusters skip the scenario"))]
    NoCertificate {
        /// The user it would be for.
        user: String,
        /// What failed.
        cause: String,
    },
    /// A cluster that other programs cannot be told how to reach.
    #[error("there is no kubeconfig for commands on this cluster")]
    #[diagnostic(help("use a `local` cluster, or a context of your kubeconfig"))]
    NoKubeconfig,
    /// A value that cannot stand in a header.
    #[error("the value for the header {name} cannot be sent: it holds a line break or another control character")]
    #[diagnostic(help("take the line break out; a token from a file often ends in one"))]
    NoHeader {
        /// The header's name.
        name: String,
    },
    /// A path that is none.
    #[error("`{path}` is no path of an API server")]
    #[diagnostic(help("it begins with / and holds no blanks: /api/v1/namespaces/demo/pods"))]
    NoPath {
        /// The path as it was given.
        path: String,
    },
}

/// How a local cluster went down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterEnd {
    /// What happened.
    pub reason: String,
    /// The end of the log.
    pub last_words: String,
    /// The log that knows more.
    pub log: Option<PathBuf>,
}

impl ClusterEnd {
    /// Of one that left no word of its own.
    pub(super) fn untold() -> Self {
        let reason = "it was taken down, or its keeper was killed".to_owned();
        Self { reason, last_words: String::new(), log: None }
    }

    fn advice(&self) -> String {
        self.with_log("run again, which starts a new one")
    }

    /// What is to be said of it, and where the log is.
    pub(super) fn with_log(&self, said: &str) -> String {
        let log = self.log.as_ref().map(|log| format!("; its log: {}", log.display()));
        format!("{said}{}", log.unwrap_or_default())
    }
}

/// A request that is under way, to say what it was if it fails.
#[derive(Debug, Clone)]
pub(super) struct Failing {
    pub(super) method: Method,
    pub(super) path: String,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Failing {
    /// What kind of failure it was, by the errors beneath it: the layers above agree on none.
    pub(super) fn classify(&self, error: &(dyn Error + 'static)) -> SendError {
        let request = self.to_string();
        let chain: Vec<_> = std::iter::successors(Some(error), |&error| error.source()).collect();
        let cause = chain.last().map(ToString::to_string).unwrap_or_default();
        if let Some(tls) = chain.iter().filter_map(|error| error.downcast_ref()).find_map(tls) {
            return SendError::Tls { request, cause: tls };
        }
        if let Some(auth) = chain.iter().find_map(|error| error.downcast_ref::<kube::client::AuthError>()) {
            return SendError::Credentials { request, cause: credentials(auth) };
        }
        let is_connecting = chain
            .iter()
            .filter_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>())
            .any(hyper_util::client::legacy::Error::is_connect);
        if is_connecting { SendError::Unreachable { request, cause } } else { SendError::Broken { request, cause } }
    }

    pub(super) fn broken(&self, cause: String) -> SendError {
        let request = self.to_string();
        SendError::Broken { request, cause }
    }
}

/// What rustls says, if it was that: it hands its errors up as `InvalidData`, and a layer above wraps that once more.
fn tls(error: &io::Error) -> Option<String> {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.and_then(tls).or_else(|| (error.kind() == io::ErrorKind::InvalidData).then(|| error.to_string()))
}

/// What to do about a handshake that failed, by the words of rustls.
fn tls_advice(cause: &str) -> &'static str {
    let known = [
        (
            "received fatal alert",
            "the server refused the connection, most likely the client certificate of the context's user: log in again, or have it issued anew",
        ),
        (
            "UnknownIssuer",
            "the certificate authority in the kubeconfig did not sign the server's certificate: take the cluster's kubeconfig anew",
        ),
        (
            "BadSignature",
            "the certificate authority in the kubeconfig is another one of the same name: take the cluster's kubeconfig anew",
        ),
        (
            "not valid for name",
            "the address in the kubeconfig is none that the server's certificate is for; `tls-server-name` there says which one to expect",
        ),
        ("certificate expired", "the server's certificate has to be renewed"),
        ("not valid yet", "the server's certificate holds from later on: compare the clocks"),
        ("InvalidContentType", "the server does not speak TLS there: is the address `http://`, or another port?"),
    ];
    let advice = known.iter().find(|(words, _)| cause.contains(words)).map(|(_, advice)| *advice);
    advice.unwrap_or("check the server's address and the certificate authority in the kubeconfig")
}

/// What went wrong with credentials, without what a plug-in printed: that may be a token.
pub(super) fn credentials(error: &kube::client::AuthError) -> String {
    use kube::client::AuthError::{AuthExecParse, AuthExecRun};
    match error {
        AuthExecRun { cmd, out } => {
            let program = program(cmd);
            format!("the credential plug-in {program} failed with {}", out.status)
        }
        AuthExecParse(_) => "the credential plug-in did not print an ExecCredential".to_owned(),
        other => other.to_string(),
    }
}

/// The program of a command as the standard library prints it: `NAME="VALUE" "PROGRAM" "ARGUMENT"`, values escaped.
/// What stands around it may be secret.
fn program(command: &str) -> &str {
    let mut rest = command;
    loop {
        let Some((name, quoted)) = rest.split_once('"') else { return "" };
        let is_escaped = |at: usize| quoted[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let Some((end, _)) = quoted.match_indices('"').find(|(at, _)| !is_escaped(*at)) else { return "" };
        if !name.ends_with('=') {
            return &quoted[..end];
        }
        rest = &quoted[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    #[test]
    fn of_a_command_only_the_program_is_told() {
        let mut command = Command::new("aws");
        command.env("A", "secret \"b\" \\").env("KUBERNETES_EXEC_INFO", "{\"a\": 1}").arg("secret");
        assert_eq!(super::program(&format!("{command:?}")), "aws");
        assert_eq!(super::program(&format!("{:?}", Command::new("/usr/bin/log in"))), "/usr/bin/log in");
        assert_eq!(super::program("nothing quoted"), "");
    }
}
