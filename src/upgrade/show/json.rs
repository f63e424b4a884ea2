//! For programs.

use serde_json::{Value, json};

use crate::upgrade::finding::{Finding, Severity};
use crate::upgrade::report::{End, Object, Report};

/// One document with every object and all that is to be said of it.
pub fn json(report: &Report) -> Value {
    let count = |severity| report.of(severity).count();
    let left_out = report.left_out.iter().map(|left| json!({"object": left.object, "at": left.at, "why": left.why}));
    json!({
        "from": report.from.to_string(),
        "to": report.to.to_string(),
        "looked": report.looked.iter().map(|looked| looked.version.to_string()).collect::<Vec<_>>(),
        "end": end(&report.end),
        "objects": report.objects.iter().map(object).collect::<Vec<_>>(),
        "leftOut": left_out.collect::<Vec<_>>(),
        "namespacesMade": report.namespaces_made,
        "kubeconfig": report.kept.as_ref().map(|path| path.display().to_string()),
        "summary": {
            "needAttention": count(Some(Severity::NeedsAttention)),
            "worthKnowing": count(Some(Severity::WorthKnowing)),
            "unaffected": count(None),
        },
    })
}

fn end(end: &End) -> Value {
    match end {
        End::Running | End::Interrupted => json!({"how": "interrupted"}),
        End::Whole => json!({"how": "whole"}),
        End::Failed { doing, trouble } => {
            json!({"how": "failed", "doing": doing, "message": trouble.message, "help": trouble.help})
        }
    }
}

fn object(object: &Object) -> Value {
    json!({
        "object": object.name,
        "apiVersion": object.api_version,
        "at": object.at,
        "severity": object.severity().map(severity),
        "findings": object.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "topic": finding.topic.word(),
        "severity": severity(finding.severity),
        "version": finding.version.to_string(),
        "text": finding.text,
        "lines": finding.lines,
        "advice": finding.advice,
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::NeedsAttention => "needs-attention",
        Severity::WorthKnowing => "worth-knowing",
    }
}
