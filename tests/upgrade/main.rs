//! `rehearsal upgrade` on real control planes: what nothing happens to is not spoken of, what something happens to is, no
//! Secret shows, and nothing is left running. The newer release is mostly the newest installed one under another number,
//! set up otherwise: so one that is installed is enough to see what a report says of an upgrade.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests and their helpers fail by panicking, and say what they skip"
)]

#[path = "../cluster_support/mod.rs"]
mod cluster_support;
#[path = "../ladder/mod.rs"]
mod ladder;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;

use cluster_support::{installed_assets, send_signal};
use ladder::Ladder;
use rehearsal::cluster::{self, Home};
use rustix::process::Signal;
use serde_json::Value;
use snapbox::{Data, IntoData, assert_data_eq};
use support::{Project, Ran, Running, run, until};

const ORDINARY: &str = include_str!("ordinary.yaml");

/// Everything that is said of an object, a line for each finding.
fn found(report: &Value, object: &str) -> Vec<String> {
    let objects = report["objects"].as_array().unwrap();
    let object = objects.iter().find(|it| it["object"] == object).unwrap_or_else(|| panic!("no {object} in {report}"));
    let text = |finding: &Value| {
        let (topic, text) = (finding["topic"].as_str().unwrap(), finding["text"].as_str().unwrap());
        format!("{topic}: {text}")
    };
    object["findings"].as_array().unwrap().iter().map(text).collect()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn objects_that_nothing_happens_to_are_not_spoken_of() {
    let ladder = Ladder::new();
    ladder.project.write("m/ordinary.yaml", ORDINARY);
    let ran = run(&mut ladder.upgrade(&["m"]));
    let course = format!("{} -> {}\n", ladder.older, ladder.newer);
    let says = ["rehearsing 47 objects: ", &course, "47 objects: 0 need attention, 0 worth knowing, 47 unaffected"];
    ran.exits(0).says(&says);
    ladder.nothing_is_left();
}

/// A version that is not served any more, a kind that is served by it alone, Pods that are not allowed any more, and what
/// has nothing to do with any of it.
const BITTEN: &str = "\
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: made}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}
---
apiVersion: v1
kind: Pod
metadata: {name: root, namespace: made}
spec: {hostNetwork: true, containers: [{name: c, image: example/app:1.0}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: made}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: agents, namespace: made}
spec:
  selector: {matchLabels: {app: agents}}
  template:
    metadata: {labels: {app: agents}}
    spec: {hostPID: true, containers: [{name: c, image: example/app:1.0}]}
";

const SET_UP_OTHERWISE: &str = r#"
cat > CONFIG <<END
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline, enforce-version: latest}
    exemptions: {namespaces: [kube-system]}
END
exec REAL "$@" --runtime-config=autoscaling/v1=false --admission-control-config-file=CONFIG
"#;

#[test]
fn what_an_upgrade_does_is_told_object_by_object() {
    let ladder = Ladder::new();
    ladder.project.write("bitten.yaml", BITTEN);
    let config = ladder.project.path("admission.yaml");
    ladder.replace_newer_server(&SET_UP_OTHERWISE.replace("CONFIG", config.to_str().unwrap()));
    let ran = run(&mut ladder.upgrade(&["bitten.yaml", "--output", "json"]));
    ran.exits(1);
    let report = json(&ran);
    let (older, newer) = (&ladder.older, &ladder.newer);
    let gone = format!(
        "not-served: autoscaling/v1 HorizontalPodAutoscaler is not served any more; {older} was the last to serve it"
    );
    assert_eq!(found(&report, "HorizontalPodAutoscaler made/web"), [gone]);
    let finding = &report["objects"][0]["findings"][0];
    assert_eq!(finding["lines"][0], "the object lives on as autoscaling/v2");
    assert_eq!(finding["advice"], "write `apiVersion: autoscaling/v2`; nothing else in the manifest has to change");
    let bitten = found(&report, "Pod made/root");
    assert!(
        bitten[0].starts_with(
            "bitten: when it is created anew: pods \"root\" is forbidden: violates PodSecurity \"baseline"
        )
    );
    assert_eq!(bitten.len(), 1, "{bitten:?}");
    let agents = found(&report, "Deployment made/agents");
    assert!(
        agents[0].starts_with("bitten: when Pods are created for it: pods \"agents-pod\" is forbidden"),
        "{agents:?}"
    );
    assert_eq!(agents.len(), 1, "{agents:?}");
    assert_eq!(found(&report, "ConfigMap made/settings"), [""; 0]);
    assert_eq!(report["namespacesMade"], serde_json::json!(["made"]));
    assert_eq!(report["looked"], serde_json::json!([older, newer]));
    ladder.nothing_is_left();
}

#[test]
fn a_release_that_does_not_start_leaves_a_report_of_what_is_known() {
    let ladder = Ladder::new();
    ladder.project.write("bitten.yaml", BITTEN);
    ladder.replace_newer_server("echo 'no such thing as etcd' >&2; exit 7");
    let ran = run(&mut ladder.upgrade(&["bitten.yaml"]));
    let (older, newer) = (&ladder.older, &ladder.newer);
    ran.exits(3).says(&[
        &format!("not to the end: upgrading from {older} to {newer}: {newer} did not start in place of {older}"),
        "no such thing as etcd",
        &format!("what is said here holds up to {older}"),
        &format!("until then {older} answered"),
        "4 objects: 0 need attention",
    ]);
    ladder.nothing_is_left();
}

#[test]
fn ctrl_c_in_the_middle_tells_what_is_known_and_leaves_nothing() {
    let ladder = Ladder::new();
    ladder.project.write("bitten.yaml", BITTEN);
    // It never answers, and is in no hurry to end either.
    ladder.replace_newer_server("trap '' TERM; while :; do sleep 1; done");
    let running = Running::start(&mut ladder.upgrade(&["bitten.yaml"]));
    until("it upgrades", || ladder.cluster().is_some_and(|folder| folder.join("wanted.json").exists()));
    send_signal(running.process.id(), Signal::INT);
    let ran = running.end();
    ran.exits(130).says(&["interrupted: what is said here holds up to", "4 objects: 0 need attention"]);
    ladder.nothing_is_left();
}

#[test]
fn what_is_kept_is_the_newer_version_with_all_that_is_in_it() {
    let ladder = Ladder::new();
    ladder.project.write("bitten.yaml", BITTEN);
    let report = json(run(&mut ladder.upgrade(&["bitten.yaml", "--keep", "--output", "json"])).exits(0));
    let kubeconfig = report["kubeconfig"].as_str().unwrap();
    let kubectl = ladder.assets().join(&ladder.newer).join("kubectl");
    let mut get = std::process::Command::new(kubectl);
    get.args(["--kubeconfig", kubeconfig, "get", "-n", "made", "hpa,pod,configmap", "-o", "name"]);
    let got = run(&mut get);
    got.exits(0).says(&["horizontalpodautoscaler.autoscaling/web", "pod/root", "configmap/settings"]);
    run(&mut ladder.command(&["cluster", "down", &format!("local:{}", ladder.newer)])).exits(0);
    ladder.nothing_is_left();
}

#[test]
fn nobody_is_called() {
    let ladder = Ladder::new();
    let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
    somebody.set_nonblocking(true).unwrap();
    let webhook = format!(
        "\
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: outside}}
webhooks:
  - name: outside.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: {{url: \"https://127.0.0.1:{}/\"}}
    rules: [{{apiGroups: [\"\"], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE]}}]
",
        somebody.local_addr().unwrap().port()
    );
    ladder.project.write("m/bitten.yaml", &(BITTEN.to_owned() + &webhook));
    let ran = run(&mut ladder.upgrade(&["m", "--output", "json"]));
    let report = json(ran.exits(0));
    let said = found(&report, "ValidatingWebhookConfiguration outside");
    assert!(said[0].starts_with("silent-webhook: outside.example.com is asked about an object"), "{said:?}");
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(found(&report, "ConfigMap made/settings"), [""; 0]);
    assert_eq!(somebody.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    ladder.nothing_is_left();
}

/// A token and a key as they are in files of users. Made here and now: neither stands in the sources.
fn credentials() -> (String, String) {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let token =
        format!("{}.{}.{}", encode(r#"{"alg":"RS256","kid":"k1"}"#), encode(r#"{"sub":"somebody"}"#), "a".repeat(86));
    let key = format!("-----BEGIN {0}-----\n{1}\n-----END {0}-----", "RSA PRIVATE KEY", "Q".repeat(64));
    (token, key)
}

#[test]
fn secrets_never_show() {
    let ladder = Ladder::new();
    let (token, key) = credentials();
    let indented = key.replace('\n', "\n    ");
    // One is refused, for a server repeats what it refuses; one is a warning's; one stands where no Secret should.
    let text = format!(
        "\
apiVersion: v1
kind: Secret
metadata: {{name: s, namespace: made, labels: {{\"not a label\": hunter2-and-more}}}}
type: Opaque
stringData:
  password: hunter2-and-more
  token: {token}
  key: |
    {indented}
---
apiVersion: v1
kind: Secret
metadata: {{name: fine, namespace: made}}
stringData: {{password: hunter2-and-more, token: {token}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: careless, namespace: made, labels: {{hunter2-and-more: \"{token}\"}}}}
data: {{a: b}}
"
    );
    ladder.project.write("secrets.yaml", &text);
    let line = "Q".repeat(64);
    let hidden = ["hunter2-and-more", &token, &token[..30], &line];
    for output in ["human", "markdown", "json", "html"] {
        let ran = run(&mut ladder.upgrade(&["secrets.yaml", "--output", output]));
        ran.exits(1).says(&["Secret made/s", "not a label", "ConfigMap made/careless"]).keeps_quiet_about(&hidden);
    }
    ladder.nothing_is_left();
    // And not if they cannot even be read.
    for broken in [text.replace("type: Opaque", "type: {Opaque"), text.replace("  password: ", "  password: [")] {
        ladder.project.write("secrets.yaml", &broken);
        run(&mut ladder.upgrade(&["secrets.yaml"])).exits(2).says(&["secrets.yaml:"]).keeps_quiet_about(&hidden);
    }
}

#[test]
fn what_is_written_into_a_pipe_is_read() {
    let ladder = Ladder::new();
    let mut piped = ladder.upgrade(&["-", "--output", "json"]);
    let mut process = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Event\n  metadata: {name: e}\n";
    process.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(2), "of nothing there is nothing to rehearse");
}

#[test]
fn what_cannot_be_is_said_before_anything_is_started() {
    let ladder = Ladder::new();
    ladder.project.write("m/a.yaml", "kind: Pod\n---\napiVersion: v1\nkind: Pod\n");
    let (older, newer) = (ladder.older.as_str(), ladder.newer.as_str());
    let upgrade = |from: &str, to: &str| run(&mut ladder.command(&["upgrade", "--from", from, "--to", to, "m"]));
    upgrade(newer, older).exits(1).says(&["a control plane cannot go back"]);
    upgrade(older, older).exits(1).says(&["of the same minor"]);
    upgrade("1.x", newer).exits(1).says(&["`1.x` is no Kubernetes version"]);
    upgrade(older, newer).exits(2).says(&["a.yaml:1:1", "a.yaml:3:1"]);
    ladder.project.write("m/a.yaml", BITTEN);
    let far = upgrade("v1.2", newer);
    far.exits(3).says(&["no control plane of v1.2, v1.3", "rehearsal cluster install v1.2 v1.3"]);
    assert_eq!(ladder.cluster(), None);
}

/// What real releases change, where both are installed.
#[test]
fn v1_25_takes_betas_away() {
    let installed = cluster::installed(&Home::new(installed_assets(), "/nonexistent")).unwrap();
    let has = |minor: u16| installed.iter().any(|assets| assets.version.minor.minor == minor);
    if !(has(24) && has(25)) {
        eprintln!("skipped: v1.24 and v1.25 are not both installed");
        return;
    }
    let project = Project::new();
    let beta = |kind: &str, api_version: &str, spec: &str| {
        format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x, namespace: made}}\nspec: {spec}\n")
    };
    let job = "{schedule: '0 5 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}";
    let policy = "{seLinux: {rule: RunAsAny}, runAsUser: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}}";
    let texts = [
        beta("CronJob", "batch/v1beta1", job),
        beta("PodDisruptionBudget", "policy/v1beta1", "{minAvailable: 1, selector: {matchLabels: {a: b}}}"),
        beta("PodSecurityPolicy", "policy/v1beta1", policy),
    ];
    project.write("betas.yaml", &texts.join("---\n"));
    let mut upgrade =
        project.command(&["upgrade", "--from", "v1.24", "--to", "v1.25", "--output", "json", "betas.yaml"]);
    upgrade.env("REHEARSAL_CACHE", installed_assets());
    let ran = run(&mut upgrade);
    let report = json(ran.exits(1));
    for (object, lives) in [
        ("CronJob made/x", "the object lives on as batch/v1"),
        ("PodDisruptionBudget made/x", "the object lives on as policy/v1"),
        ("PodSecurityPolicy made/x", "nothing serves this kind any more, and what is stored cannot be reached"),
    ] {
        let found = found(&report, object);
        let [warned, gone] = &found[..] else { panic!("{object}: {found:?}") };
        assert!(warned.starts_with("warned: ") && warned.contains("unavailable in v1.25+"), "{warned}");
        assert!(gone.starts_with("not-served: "), "{gone}");
        let objects = report["objects"].as_array().unwrap();
        let finding = objects.iter().find(|it| it["object"] == object).unwrap()["findings"][1].clone();
        assert_eq!(finding["lines"][0], lives);
    }
    fs::remove_dir_all(project.path("home")).unwrap();
}

/// The reports in the documentation, from v1.22 to v1.32: ten upgrades each, where all of them are installed.
/// `SNAPSHOTS=overwrite` writes them.
#[test]
#[ignore = "takes minutes, and every minor from v1.22 to v1.32"]
fn the_reports_in_the_documentation_are_what_is_told() {
    for name in ["platform", "operator"] {
        let project = Project::new();
        let folder = format!("examples/upgrade/{name}");
        let mut upgrade =
            project.command(&["upgrade", "--from", "v1.22", "--to", "v1.32", "--output", "markdown", &folder]);
        upgrade.env("REHEARSAL_CACHE", installed_assets()).current_dir(env!("CARGO_MANIFEST_DIR"));
        let ran = run(&mut upgrade);
        assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
        let known = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/upgrade/{name}.md"));
        assert_data_eq!(ran.out.raw(), Data::read_from(&known, None).raw());
    }
}
