use snapbox::{IntoData, assert_data_eq, file};

use super::*;
use crate::run::Trouble;
use crate::upgrade::finding::{Finding, Severity, Topic};
use crate::upgrade::manifests::LeftOut;
use crate::upgrade::report::{End, Looked, Object};
use crate::version::Version;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn finding(topic: Topic, severity: Severity, at: &str, text: &str) -> Finding {
    let (version, text) = (version(at), text.to_owned());
    Finding { topic, severity, version, text, lines: Vec::new(), advice: None }
}

fn object(name: &str, api_version: &str, findings: Vec<Finding>) -> Object {
    let at = "shop.yaml:7:1".to_owned();
    Object { name: name.to_owned(), api_version: api_version.to_owned(), at, findings }
}

fn report() -> Report {
    let gone = Finding {
        lines: vec!["the object lives on as batch/v1".to_owned()],
        advice: Some("write `apiVersion: batch/v1`".to_owned()),
        ..finding(
            Topic::NotServed,
            Severity::NeedsAttention,
            "v1.25.16",
            "batch/v1beta1 CronJob is not served any more",
        )
    };
    let warned = finding(Topic::Warned, Severity::WorthKnowing, "v1.24.17", "batch/v1beta1 CronJob is deprecated");
    let set = Finding {
        lines: vec!["+ spec.x: true".to_owned()],
        ..finding(Topic::Defaulted, Severity::WorthKnowing, "v1.25.16", "one field is not in the manifest")
    };
    let left = |object: &str, why: &str| LeftOut { object: object.to_owned(), at: "x".to_owned(), why: why.to_owned() };
    Report {
        from: version("v1.24.17"),
        to: version("v1.26.15"),
        looked: ["v1.24.17", "v1.25.16"]
            .map(|at| Looked { version: version(at), took: std::time::Duration::ZERO })
            .to_vec(),
        objects: vec![
            object("Service shop/web", "v1", vec![set]),
            object("ConfigMap shop/web", "v1", Vec::new()),
            object("CronJob shop/report", "batch/v1beta1", vec![warned, gone]),
        ],
        left_out: vec![left("Pod shop/a", "its ReplicaSet makes it again"), left("Event e", "events are not kept")],
        namespaces_made: vec!["shop".to_owned()],
        end: End::Failed {
            doing: "upgrading from v1.25.16 to v1.26.15".to_owned(),
            trouble: Trouble { message: "it did not start".to_owned(), help: Some("look at its log".to_owned()) },
        },
        kept: None,
    }
}

#[test]
fn a_report_reads_like_this() {
    let mut text = Vec::new();
    human(&report(), &mut text).unwrap();
    let plain = anstream::adapter::strip_str(&String::from_utf8(text).unwrap()).to_string();
    assert_data_eq!(plain.raw(), file!["golden/human.txt"].raw());
    assert_data_eq!(markdown(&report()).raw(), file!["golden/markdown.md"].raw());
    assert_data_eq!(format!("{:#}\n", json(&report())).raw(), file!["golden/json.json"].raw());
}

#[test]
fn a_page_holds_all_that_is_known_and_ends_where_it_should() {
    let page = html(&report());
    assert!(page.starts_with("<!doctype html>\n<!-- Made by `rehearsal upgrade`. -->") && page.ends_with("</html>\n"));
    let (_, data) = page.split_once("type=\"application/json\">").unwrap();
    let data: serde_json::Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(data["objects"], json(&report())["objects"]);
    assert_eq!(data["shortfall"][1], "look at its log");
}
