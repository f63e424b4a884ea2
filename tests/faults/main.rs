//! What users read when a cluster cannot be reached, refuses, hangs, talks nonsense or dies in the middle: each case
//! below and, beside this file, the text it must give, followed by what was asked of the server.
//!
//! `SNAPSHOTS=overwrite cargo test --test faults` writes the texts again; read each one as its user would. The server is
//! one of these tests' own, in the process of the test; the program is the real one.
#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not what they share")]

mod certificates;
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use server::{Fault, How, Server};
use snapbox::{Assert, Data};
use support::{Project, Ran, masked};

const SCENARIO: &str = "\
scenario: A ServiceAccount is read back
namespace: demo
unique: [demo-role]
steps:
  - create: {kind: ServiceAccount, name: demo-sa}
  - create: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: demo-role}
  - name: read back
    get: {kind: ServiceAccount, name: demo-sa}
";

/// The credentials of the context's user, which must not show anywhere.
const TOKEN: &str = "opaque-and-very-secret-0123456789";

const VERSION: &str = "GET /version";
const NODES: &str = "GET /api/v1/nodes";
const NAMESPACE: &str = "POST /api/v1/namespaces";
const DISCOVERY: &str = "GET /api/v1";
const CREATE: &str = "POST /api/v1/namespaces/demo/serviceaccounts";
const GET: &str = "GET /api/v1/namespaces/demo/serviceaccounts/demo-sa";
const CLEAN_UP: &str = "DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/demo-role";

const FORBIDDEN: &str = "serviceaccounts is forbidden: User \"jane\" cannot create resource \"serviceaccounts\" in API \
                         group \"\" in the namespace \"demo\"";
const FORBIDDEN_TO_GET: &str = "serviceaccounts \"demo-sa\" is forbidden: User \"jane\" cannot get resource \
                                \"serviceaccounts\" in API group \"\" in the namespace \"demo\"";
const OVERLOADED: &str = "the server has received too many requests and has asked us to try again later";
const UNAVAILABLE: &str = "the server is currently unable to handle the request";
const QUOTA: &str = "serviceaccounts \"demo-sa\" is forbidden: exceeded quota: few";

/// Name, where, how, how often, and the exit code.
type Case = (&'static str, &'static str, How, usize, i32);

const ALWAYS: usize = usize::MAX;

/// 3 throughout: less is known than was asked for.
const CASES: &[Case] = &[
    ("open-401", VERSION, How::Status(401, "Unauthorized"), ALWAYS, 3),
    ("open-403", VERSION, How::Status(403, "forbidden: User \"jane\" cannot get path \"/version\""), ALWAYS, 3),
    ("open-503", VERSION, How::Text(503, "no healthy upstream"), ALWAYS, 3),
    ("open-hangs", VERSION, How::Hang, ALWAYS, 3),
    ("open-garbage", VERSION, How::Garbage, ALWAYS, 3),
    ("open-page", VERSION, How::Page, ALWAYS, 3),
    ("open-other-protocol", VERSION, How::OtherProtocol, ALWAYS, 3),
    ("open-nodes-429", NODES, How::Status(429, OVERLOADED), ALWAYS, 3),
    ("open-nodes-hang", NODES, How::Hang, ALWAYS, 3),
    (
        "namespace-403",
        NAMESPACE,
        How::Status(
            403,
            "namespaces is forbidden: User \"jane\" cannot create resource \"namespaces\" in API group \"\" at the cluster scope",
        ),
        ALWAYS,
        3,
    ),
    ("namespace-409", NAMESPACE, How::Status(409, "namespaces \"demo\" already exists"), ALWAYS, 3),
    ("namespace-504", NAMESPACE, How::Empty(504), ALWAYS, 3),
    ("namespace-hangs", NAMESPACE, How::Hang, ALWAYS, 3),
    ("namespace-closes", NAMESPACE, How::Close, ALWAYS, 3),
    ("discovery-503", DISCOVERY, How::Status(503, UNAVAILABLE), ALWAYS, 3),
    ("discovery-hangs", DISCOVERY, How::Hang, ALWAYS, 3),
    ("discovery-page", DISCOVERY, How::Page, ALWAYS, 3),
    ("create-401", CREATE, How::Status(401, "Unauthorized"), ALWAYS, 3),
    ("create-403", CREATE, How::Status(403, FORBIDDEN), ALWAYS, 3),
    ("create-429", CREATE, How::Status(429, OVERLOADED), ALWAYS, 3),
    ("create-500", CREATE, How::Text(500, "panic in a handler\nand more\n"), ALWAYS, 3),
    ("create-503-empty", CREATE, How::Empty(503), ALWAYS, 3),
    ("create-hangs", CREATE, How::Hang, ALWAYS, 3),
    ("create-hangs-in-the-body", CREATE, How::HangInTheBody, ALWAYS, 3),
    ("create-closes", CREATE, How::Close, ALWAYS, 3),
    ("create-half-a-body", CREATE, How::HalfABody, ALWAYS, 3),
    ("create-half-a-body-of-unknown-length", CREATE, How::HalfABodyOfUnknownLength, ALWAYS, 3),
    ("create-garbage", CREATE, How::Garbage, ALWAYS, 3),
    ("create-page", CREATE, How::Page, ALWAYS, 3),
    ("create-dies", CREATE, How::Die, ALWAYS, 3),
    ("get-401", GET, How::Status(401, "Unauthorized"), ALWAYS, 3),
    ("get-403", GET, How::Status(403, FORBIDDEN_TO_GET), ALWAYS, 3),
    ("get-429", GET, How::Status(429, OVERLOADED), ALWAYS, 3),
    ("get-500", GET, How::Status(500, "Internal error occurred: etcd"), ALWAYS, 3),
    ("get-503", GET, How::Status(503, UNAVAILABLE), ALWAYS, 3),
    ("get-hangs", GET, How::Hang, ALWAYS, 3),
    ("get-half-a-body", GET, How::HalfABody, ALWAYS, 3),
    ("get-garbage", GET, How::Garbage, ALWAYS, 3),
    ("get-page", GET, How::Page, ALWAYS, 3),
    ("get-other-protocol", GET, How::OtherProtocol, ALWAYS, 3),
    ("get-dies", GET, How::Die, ALWAYS, 3),
    // A refusal that is none of the user's rights is behaviour, and not the recorded one.
    ("get-403-of-a-quota", GET, How::Status(403, QUOTA), ALWAYS, 4),
    (
        "clean-up-403",
        CLEAN_UP,
        How::Status(
            403,
            "clusterroles \"demo-role\" is forbidden: User \"jane\" cannot delete resource \"clusterroles\"",
        ),
        ALWAYS,
        3,
    ),
    ("clean-up-503-once", CLEAN_UP, How::Status(503, UNAVAILABLE), 1, 0),
    ("clean-up-503-always", CLEAN_UP, How::Status(503, UNAVAILABLE), ALWAYS, 3),
    ("clean-up-hangs", CLEAN_UP, How::Hang, ALWAYS, 3),
    ("clean-up-dies", CLEAN_UP, How::Die, ALWAYS, 3),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // What they do is wait.
    arguments.test_threads.get_or_insert(8);
    let mut tests: Vec<Trial> = CASES.iter().map(|case| Trial::test(case.0, move || misbehaving(case))).collect();
    tests.extend([
        Trial::test("healthy", healthy),
        Trial::test("refused", refused),
        Trial::test("texts-are-of-cases", texts_are_of_cases),
    ]);
    tests.extend(certificates::trials());
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// A project with one scenario that was recorded while the server was well, and the server.
fn recorded() -> (Project, Server) {
    let (project, server) = (Project::new(), Server::start());
    project.write("scenarios/sa.yaml", SCENARIO);
    write_kubeconfig(&project, &json!({"server": format!("http://{}", server.address)}), &json!({"token": TOKEN}));
    rehearse(&project, &["record", "--accept"]).exits(0).says(&["recorded: 1"]);
    assert!(project.path("snapshots/sa/read-back@v1.36.snap").is_file());
    assert_eq!(server.left(), [""; 0]);
    server.take_requests();
    (project, server)
}

fn write_kubeconfig(project: &Project, cluster: &Value, user: &Value) {
    let config = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
    });
    project.write("kubeconfig", &config.to_string());
}

fn rehearse(project: &Project, args: &[&str]) -> Ran {
    let args = [args, &["--cluster", "context:test", "--timeout", "1s"]].concat();
    support::run(project.command(&args).env("KUBECONFIG", project.path("kubeconfig")))
}

/// What a user reads, and what was asked of the server from the scenario's Namespace on.
fn shown(ran: &Ran, server: &str, requests: &[String]) -> String {
    let mut text = format!("exit code {}\n{}", ran.code.unwrap_or(-1), masked(&ran.out, server));
    if !ran.err.is_empty() {
        text.push_str("--- on standard error\n");
        text.push_str(&masked(&ran.err, server));
    }
    text += "--- asked of the server\n";
    let first = requests.iter().position(|request| request == NAMESPACE).unwrap_or(requests.len());
    let mut requests = requests[first..].to_vec();
    // How often it is asked again is a matter of time.
    requests.dedup();
    for request in requests {
        text.push_str(&request);
        text.push('\n');
    }
    text
}

fn compare(name: &str, shown: String) -> Result<(), Failed> {
    let expected = Data::read_from(format!("tests/faults/{name}.txt").as_ref(), None);
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.try_eq(Some(&name), Data::text(shown), expected).map_err(|error| error.to_string().into())
}

fn misbehaving(&(name, at, how, times, code): &Case) -> Result<(), Failed> {
    let (project, server) = recorded();
    let before = project.files("snapshots");
    server.misbehave(Fault { at, how, times });
    let ran = rehearse(&project, &["run"]);
    ran.exits(code).keeps_quiet_about(&[TOKEN]);
    assert_eq!(project.files("snapshots"), before, "run touched snapshots");
    compare(name, shown(&ran, &server.address.to_string(), &server.take_requests()))?;

    // Nor does recording take anything from it, or leave half of it. What differs it records: that is what it is for.
    if code == 3 && !name.starts_with("open-") {
        rehearse(&project, &["record", "--accept"]).exits(3).keeps_quiet_about(&[TOKEN]);
        assert_eq!(project.files("snapshots"), before, "record touched snapshots");
    }
    Ok(())
}

fn healthy() -> Result<(), Failed> {
    let (project, server) = recorded();
    let before = project.files("snapshots");
    let ran = rehearse(&project, &["run"]);
    ran.exits(0);
    assert_eq!(server.left(), [""; 0]);
    compare("healthy", shown(&ran, &server.address.to_string(), &server.take_requests()))?;
    rehearse(&project, &["record", "--accept"]).exits(0).says(&["nothing changed"]);
    assert_eq!(project.files("snapshots"), before, "recording again changes nothing");
    Ok(())
}

/// Nobody listens at all.
fn refused() -> Result<(), Failed> {
    let (project, server) = recorded();
    let (before, address) = (project.files("snapshots"), server.address.to_string());
    drop(server);
    let ran = rehearse(&project, &["run"]);
    ran.exits(3).keeps_quiet_about(&[TOKEN]);
    assert_eq!(project.files("snapshots"), before);
    compare("refused", shown(&ran, &address, &[]))
}

/// A text whose case is gone says nothing any more.
fn texts_are_of_cases() -> Result<(), Failed> {
    let known: Vec<&str> =
        CASES.iter().map(|case| case.0).chain(["healthy", "refused"]).chain(certificates::NAMES).collect();
    for entry in std::fs::read_dir("tests/faults")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|ending| ending == "txt") && !known.contains(&name) {
            return Err(format!("{} belongs to no case", path.display()).into());
        }
    }
    Ok(())
}
