//! Tokens and keys never reach disk, reports or errors. Real tokens of a real API server go through everything that shows
//! something, failures above all; then all that was written is searched for each of them, whole, in part and encoded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers fail by panicking, and clients answer on standard output"
)]

#[path = "../cluster_support/mod.rs"]
mod cluster_support;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use cluster_support::{installed_assets, newest, runtime, shared_state};
use http::Method;
use rehearsal::cluster::{Cluster, Identity, Request};
use serde_json::Value;
use support::{Project, Ran};

/// What goes well: each way in which a token or a key comes into an answer or a request.
const WELL: &str = include_str!("well.yaml");

/// What fails, a document for each way: a step that fails ends its scenario.
const WRONG: &str = include_str!("wrong.yaml");

/// The tokens of a run, and what of them must not be seen anywhere.
struct Secrets(BTreeSet<String>);

impl Secrets {
    /// A token: whole, and the beginnings and ends of what makes it this token and no other. The header is the same for
    /// all tokens of a key, and the claims are shown decoded.
    fn add_token(&mut self, token: &str) {
        let [_, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("no token") };
        self.add_text(token, token.len() - claims.len() - signature.len() - 1);
        self.0.extend([&claims[..20], &signature[..20], &signature[signature.len() - 20..]].map(str::to_owned));
    }

    fn add_key(&mut self, pem: &str) {
        let body: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        self.0.insert(body[0][..20].to_owned());
        self.0.insert(body[body.len() - 1].trim_end_matches('=').to_owned());
        self.add_text(pem, pem.find(body[0]).unwrap());
    }

    /// A text as base64 has it from some place on, wherever that place falls among groups of three bytes.
    fn add_text(&mut self, text: &str, from: usize) {
        self.0.insert(text.to_owned());
        for shift in 0..3 {
            let encoded = BASE64_STANDARD.encode(&text[from + shift..]);
            // The first characters and the last ones depend on what is around.
            self.0.insert(encoded[4..24].to_owned());
            self.0.insert(BASE64_URL_SAFE_NO_PAD.encode(&text[from + shift..])[4..24].to_owned());
        }
    }

    #[track_caller]
    fn are_not_in(&self, what: &str, text: &str) {
        for secret in &self.0 {
            if let Some(at) = text.find(secret.as_str()) {
                // What leaked is not shown here either.
                let line = text[..at].lines().count();
                panic!("line {line} of {what} holds {} characters of a secret", secret.len());
            }
        }
    }

    fn are_not_written(&self, what: &str, ran: &Ran) {
        self.are_not_in(&format!("what {what} writes"), &ran.all());
    }
}

struct World {
    runtime: tokio::runtime::Runtime,
    cluster: Cluster,
    cache: PathBuf,
    state: PathBuf,
    project: Project,
}

impl World {
    fn new() -> Self {
        let (runtime, cache, state) = (runtime(), installed_assets(), shared_state());
        let cluster = newest(&runtime, &cache, &state);
        Self { runtime, cluster, cache, state, project: Project::new() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        command.env("REHEARSAL_CACHE", &self.cache).env("REHEARSAL_STATE", &self.state);
        command
    }

    fn rehearse(&self, args: &[&str]) -> Ran {
        support::run(&mut self.command(&[args, &["--cluster", "local", "--keep"]].concat()))
    }

    fn items(&self, collection: &str) -> Vec<Value> {
        let own = self.cluster.session(&Identity::Own).unwrap();
        let exchange = self.runtime.block_on(own.send(Request::new(Method::GET, collection))).unwrap();
        assert!(exchange.is_success(), "{} {}", exchange.status, exchange.path);
        exchange.body["items"].as_array().unwrap().clone()
    }

    /// What runs have left in Namespaces that begin so: all tokens that their scenarios saw.
    fn secrets(&self, beginning: &str) -> Secrets {
        let mut secrets = Secrets(BTreeSet::new());
        let ours = |object: &Value| {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
            namespace.starts_with(beginning)
        };
        for object in self.items("/api/v1/secrets").iter().filter(|object| ours(object)) {
            for value in object["data"].as_object().into_iter().flatten().map(|(_, value)| value.as_str().unwrap()) {
                let text = String::from_utf8(BASE64_STANDARD.decode(value).unwrap()).unwrap();
                if text.starts_with("eyJ") {
                    secrets.add_token(&text);
                } else if text.contains("PRIVATE KEY") {
                    secrets.add_key(&text);
                }
            }
        }
        secrets
    }

    /// Every file that was written by and for a run.
    fn written(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut take = |path: &Path, contents: &[u8]| {
            found.push((path.display().to_string(), String::from_utf8_lossy(contents).into_owned()));
        };
        for (path, (_, contents)) in &self.project.files("") {
            // What the author wrote is not ours to keep secret.
            if !path.starts_with(self.project.path("scenarios")) {
                take(path, contents);
            }
        }
        let logs = std::fs::read_dir(self.state.join("clusters")).unwrap();
        for log in logs.flat_map(|folder| std::fs::read_dir(folder.unwrap().path().join("logs")).into_iter().flatten())
        {
            let path = log.unwrap().path();
            take(&path, &std::fs::read(&path).unwrap());
        }
        found
    }
}

/// Not a test: what other processes of these tests are.
#[test]
#[ignore = "is started by other tests"]
fn is_a_client() {
    cluster_support::be_a_client();
}

#[test]
fn no_token_and_no_key_is_seen_anywhere() {
    let world = World::new();
    let prefix = format!("secret-{}", std::process::id());
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    world.project.write("scenarios/well.yaml", &WELL.replace("NAMESPACE", &format!("{prefix}-well")));
    let indented = key.replace('\n', "\n    ");
    let manifest =
        format!("kind: Secret\napiVersion: v1\nmetadata: {{name: key}}\nstringData:\n  key: |\n    {indented}");
    world.project.write("scenarios/well/key.yaml", manifest.trim_end());
    for (index, document) in WRONG.split("---\n").skip(1).enumerate() {
        let text = document.replace("NAMESPACE", &format!("{prefix}-wrong-{index}"));
        world.project.write(&format!("scenarios/wrong/{index:02}.yaml"), &text);
    }

    let mut runs = Vec::new();
    let mut keep = |what: &'static str, ran: Ran| runs.push((what, ran));
    let recorded = world.rehearse(&["record", "scenarios/well.yaml"]);
    recorded.exits(0).says(&["NEW"]);
    keep("record", recorded);
    keep("review", world.project.run(&["review"]));
    keep("review --output json", world.project.run(&["review", "--output", "json"]));
    keep("review accept", world.project.run(&["review", "accept", "--all"]));
    keep("lint", world.project.run(&["lint"]));
    let shown = world.rehearse(&["run", "--show", "scenarios/well.yaml"]);
    shown.exits(0).says(&["<token:token>", "<token>", "authenticated: true"]);
    keep("run --show", shown);
    let document = world.rehearse(&["run", "--output", "json", "--report", "report.html", "scenarios/well.yaml"]);
    serde_json::from_str::<Value>(&document.exits(0).out).unwrap();
    keep("run --output json", document);

    let wrong = world.rehearse(&["run", "--show", "scenarios/wrong"]);
    // Each of them fails for the reason that it is there for, and not before.
    wrong.exits(3).says(&["<token"]);
    let all = WRONG.split("---\n").count() - 1;
    wrong.keeps_quiet_about(&["    PASS ["]);
    assert_eq!(wrong.out.matches("    FAIL [").count() + wrong.out.matches("  BROKEN [").count(), all);
    for text in WRONG.lines().filter_map(|line| line.trim().strip_prefix("# says: ")) {
        wrong.says(&[text]);
    }
    keep("a failing run", wrong);
    for (format, what, says) in [
        ("json", "a failing run in JSON", "<token"),
        ("junit", "a failing run in JUnit", "&lt;token"),
        ("markdown", "a failing run in Markdown", "<token"),
        ("html", "a failing run as a page", "\\u003ctoken"),
    ] {
        // With the bodies of requests, which hold what was asked about.
        let report = world.rehearse(&["run", "--show", "--output", format, "scenarios/wrong"]);
        report.exits(3).says(&[says]);
        keep(what, report);
    }
    keep("a failing record", world.rehearse(&["record", "--accept", "scenarios/wrong"]));

    let mut secrets = world.secrets(&prefix);
    assert!(secrets.0.len() > 100, "tokens of all these runs: {}", secrets.0.len());
    secrets.add_key(&key);
    let kubeconfig = std::fs::read(world.cluster.kubeconfig().unwrap()).unwrap();
    let kubeconfig: Value = serde_json::from_slice(&kubeconfig).unwrap();
    let own = kubeconfig["users"][0]["user"]["client-key-data"].as_str().unwrap();
    secrets.add_key(&String::from_utf8(BASE64_STANDARD.decode(own).unwrap()).unwrap());
    for (what, ran) in &runs {
        secrets.are_not_written(what, ran);
    }
    let private = world.state.join("commands");
    assert_eq!(
        std::fs::read_dir(&private).unwrap().count(),
        0,
        "a folder of commands is left in {}",
        private.display()
    );
    let written = world.written();
    assert!(written.iter().any(|(path, _)| path.contains(".snap")), "there are snapshots to look into");
    assert!(written.iter().any(|(path, _)| path.contains("apiserver")), "there are logs to look into");
    let is_page =
        |(path, text): &(String, String)| path.ends_with("report.html") && text.contains("\\u003ctoken:token>");
    assert!(written.iter().any(is_page), "there is a page to look into");
    for (path, text) in &written {
        secrets.are_not_in(path, text);
    }
}

/// The search finds what it is for: otherwise all of the above says nothing.
#[test]
fn the_search_finds_tokens_however_they_are_written() {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let signature: Vec<u8> = (0..=255).collect();
    let token = format!(
        "{}.{}.{}",
        part(r#"{"alg":"RS256","kid":"k"}"#),
        part(r#"{"aud":["x"],"exp":1,"iat":1}"#),
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    );
    let mut secrets = Secrets(BTreeSet::new());
    secrets.add_token(&token);
    let finds = |text: &str| std::panic::catch_unwind(|| secrets.are_not_in("x", text)).is_err();
    assert!(finds(&format!("a {token} b")));
    let rest = token.split_once('.').unwrap().1;
    assert!(finds(&rest[..20]));
    assert!(finds(&token[token.len() - 25..]));
    for before in ["", "x", "xy"] {
        assert!(finds(&BASE64_STANDARD_NO_PAD.encode(format!("{before}{token}"))));
        assert!(finds(&BASE64_STANDARD.encode(format!("{before}{rest}"))));
    }
    assert!(!finds("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ <token:token>"));
}
