//! For a pull request or the summary of a CI job.

use super::left_out;
use crate::markdown::{code, escaped, fenced, row};
use crate::upgrade::finding::{Finding, Severity};
use crate::upgrade::report::{Object, Report};

/// A table of all objects that something is to be said of, then all of it in full.
pub fn markdown(report: &Report) -> String {
    let mut parts = vec![format!("## {}", escaped(&report.counts())), escaped(&report.course())];
    if let Some((said, help)) = report.shortfall() {
        let help = help.map(|help| format!(" {}", escaped(&help))).unwrap_or_default();
        parts.push(format!("**Not to the end**: {}{help}", escaped(&said)));
    }
    let objects: Vec<&Object> = [Severity::NeedsAttention, Severity::WorthKnowing]
        .into_iter()
        .flat_map(|severity| report.of(Some(severity)))
        .collect();
    if !objects.is_empty() {
        let rows: Vec<String> = objects.iter().map(|object| table_row(object)).collect();
        parts.push(format!(
            "| object | apiVersion | needs attention | worth knowing |\n|---|---|---|---|\n{}",
            rows.join("\n")
        ));
    }
    parts.extend(objects.into_iter().flat_map(object));
    let unaffected: Vec<String> = report.of(None).map(|object| format!("- {}", code(&object.name))).collect();
    if !unaffected.is_empty() {
        parts.push(format!("### Unaffected\n\n{}", unaffected.join("\n")));
    }
    let left: Vec<String> = left_out(report)
        .into_iter()
        .map(|(why, objects)| {
            let objects: Vec<String> = objects.into_iter().map(code).collect();
            format!("- {}: {}", escaped(why), objects.join(", "))
        })
        .collect();
    if !left.is_empty() {
        parts.push(format!("### Left out\n\n{}", left.join("\n")));
    }
    if !report.namespaces_made.is_empty() {
        let names: Vec<String> = report.namespaces_made.iter().map(|name| code(name)).collect();
        parts.push(format!("Namespaces that no manifest gives were made: {}", names.join(", ")));
    }
    parts.join("\n\n") + "\n"
}

fn table_row(object: &Object) -> String {
    let of = |severity| {
        let said = object.findings.iter().filter(|finding| finding.severity == severity);
        let said: Vec<String> =
            said.map(|finding| format!("{} {}", finding.version.minor, finding.topic.title())).collect();
        escaped(&said.join(", "))
    };
    let cells =
        [code(&object.name), code(&object.api_version), of(Severity::NeedsAttention), of(Severity::WorthKnowing)];
    format!("|{}", row(cells.into_iter()))
}

fn object(object: &Object) -> Vec<String> {
    let mut parts =
        vec![format!("### {}", code(&object.name)), format!("{}, {}", code(&object.api_version), code(&object.at))];
    parts.extend(object.findings.iter().map(finding));
    parts
}

fn finding(finding: &Finding) -> String {
    let text = format!("**{} {}**: {}", finding.version.minor, finding.topic.title(), escaped(&finding.text));
    let lines = if finding.lines.is_empty() {
        String::new()
    } else {
        format!("\n\n{}", fenced("text", &finding.lines.join("\n")))
    };
    let advice = finding.advice.as_deref().map(|advice| format!("\n\n> {}", escaped(advice))).unwrap_or_default();
    format!("{text}{lines}{advice}")
}
