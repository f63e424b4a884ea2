//! `html`: one page about the run for a browser, in one file: what failed, expected and actual side by side, every request,
//! and where the time went.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::document::{Counts, Scenario};
use super::{Reporter, words};
use crate::guard;
use crate::html::Page;
use crate::run::{Event, ScenarioOutcome, StepOutcome, Summary};

const SCRIPTS: [&str; 4] = [
    include_str!("html/model.js"),
    include_str!("html/sides.js"),
    include_str!("html/scenario.js"),
    include_str!("html/main.js"),
];

/// Collects outcomes and writes them as one page, all at once when the run is over: of one that was interrupted too, and never
/// a part of it.
pub struct Html<W> {
    out: W,
    began: Timestamp,
    clusters: Vec<Value>,
    scenarios: Vec<Value>,
}

impl<W: Write + Send> Html<W> {
    /// A report that writes to `out` about a run that began then.
    pub fn new(out: W, began: Timestamp) -> Self {
        Self { out, began, clusters: Vec::new(), scenarios: Vec::new() }
    }

    fn page(&mut self, summary: &Summary) -> io::Result<String> {
        let mut document = json!({
            "began": self.began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "clusters": std::mem::take(&mut self.clusters),
            "scenarios": std::mem::take(&mut self.scenarios),
            "summary": serde_json::to_value(Counts::from(summary))?,
        });
        guard::scrub_texts(&mut document);
        let page = Page {
            mark: "<!doctype html>\n<!-- Made by `rehearsal run`. -->\n",
            title: "Rehearsal: report of a run",
            style: include_str!("html/style.css"),
            body: include_str!("html/body.html"),
            without_scripts: "This page needs JavaScript; `--report-markdown` writes a report that does without.",
            data: &document.to_string(),
            scripts: &SCRIPTS,
        };
        Ok(page.write())
    }
}

impl<W: Write + Send> Reporter for Html<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Queued { .. } | Event::Opening { .. } | Event::Started { .. } | Event::Closed { .. } => {}
            Event::Opened { cluster, what, .. } => self.clusters.push(json!({"cluster": cluster, "what": what})),
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                let failed = json!({
                    "cluster": cluster, "trouble": trouble, "scenarios": scenarios.len(), "ids": scenarios,
                });
                self.clusters.push(failed);
            }
            Event::Finished(outcome) => self.scenarios.push(scenario(outcome)?),
            Event::Summary(summary) => {
                let page = self.page(summary)?;
                self.out.write_all(page.as_bytes())?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}

/// The same as in the JSON report, in words as well.
fn scenario(outcome: &ScenarioOutcome) -> io::Result<Value> {
    let remarks = words::remarks(outcome).into_iter().map(|remark| remark.text).chain(words::runs(outcome));
    let hint = |hint: words::Hint| json!({"what": hint.what, "command": hint.command, "remark": hint.remark});
    let mut scenario = serde_json::to_value(Scenario::from(outcome))?;
    for (known, step) in scenario["steps"].as_array_mut().into_iter().flatten().zip(&outcome.steps) {
        *known = with(known.take(), in_words(step));
    }
    let more = json!({
        "remarks": remarks.collect::<Vec<_>>(),
        "toRemove": words::to_remove(outcome),
        "hints": std::iter::once(words::more(outcome)).chain(words::to_record(outcome)).map(hint).collect::<Vec<_>>(),
    });
    Ok(with(scenario, more))
}

fn in_words(step: &StepOutcome) -> Value {
    json!({
        "says": words::verdict(&step.verdict),
        "advice": words::advice(&step.verdict),
        "isWrong": words::is_wrong(step),
        "isAnswerWanted": words::is_answer_wanted(&step.verdict),
    })
}

/// An object with the fields of another one.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut object, more) {
        fields.extend(more);
    }
    object
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::run::Trouble;

    /// Texts come without credentials; should one not, this is the last place to see it.
    #[test]
    fn no_credential_gets_into_the_page() {
        let token = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k1"}"#) + ".e30.c2lnbmF0dXJl";
        let trouble = Trouble { message: format!("it said\n{token}"), help: Some(format!("try {token} again")) };
        let outcome = ScenarioOutcome {
            title: format!("Of {token}"),
            file: "a.yaml".to_owned(),
            failed_runs: 1,
            trouble: vec![trouble.clone()],
            kept: vec![format!("/api/v1/namespaces/{token}")],
            ..ScenarioOutcome::blank("a", "context:a", "v1.36.3".parse().unwrap())
        };
        let mut page = Vec::new();
        let mut report = Html::new(&mut page, Timestamp::UNIX_EPOCH);
        let failed = Event::ClusterFailed { cluster: "context:b", trouble: &trouble, scenarios: &["a"] };
        for event in [failed, Event::Finished(&outcome), Event::Summary(&Summary::default())] {
            report.event(&event).unwrap();
        }
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains(&token) && guard::scan(&page).is_none());
        assert_eq!(page.matches("\\u003ctoken>").count(), 6, "{page}");
        assert!(page.contains("\"began\":\"1970-01-01T00:00:00Z\""));
    }
}
