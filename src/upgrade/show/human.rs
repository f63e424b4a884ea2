//! For people at a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::left_out;
use crate::upgrade::finding::{Finding, Severity};
use crate::upgrade::report::{Object, Report};

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GRAVE: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default().bold();

/// Writes object by object what is to be said, the gravest first. Colours are always written: give it a stream that strips
/// them where they are not wanted.
pub fn human(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let parts = [("needs attention", GRAVE, Severity::NeedsAttention), ("worth knowing", ODD, Severity::WorthKnowing)];
    for (title, style, severity) in parts {
        for (index, object) in report.of(Some(severity)).enumerate() {
            if index == 0 {
                writeln!(out, "{style}{title}{style:#}")?;
            }
            object_lines(object, out)?;
        }
    }
    for (why, objects) in left_out(report) {
        writeln!(out, "{ODD}left out:{ODD:#} {} ({why})", few(&objects))?;
    }
    if !report.namespaces_made.is_empty() {
        let names: Vec<&str> = report.namespaces_made.iter().map(String::as_str).collect();
        writeln!(out, "{ODD}made:{ODD:#} Namespaces that no manifest gives: {}", few(&names))?;
    }
    if let Some((said, help)) = report.shortfall() {
        writeln!(out, "{GRAVE}not to the end:{GRAVE:#} {said}")?;
        if let Some(help) = help {
            writeln!(out, "{DIM}help:{DIM:#} {help}")?;
        }
    }
    if let Some((kubeconfig, last)) = report.kept.as_ref().zip(report.looked.last()) {
        let kubeconfig = kubeconfig.display();
        writeln!(out, "kept until `rehearsal cluster down local:{}`; its kubeconfig: {kubeconfig}", last.version)?;
    }
    writeln!(out, "{}\n{}", report.course(), report.counts())?;
    out.flush()
}

fn object_lines(object: &Object, out: &mut impl Write) -> io::Result<()> {
    let Object { name, api_version, at, findings } = object;
    writeln!(out, "  {NAME}{name}{NAME:#}  {DIM}{api_version}, {at}{DIM:#}")?;
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings {
        let style = if finding.severity == Severity::NeedsAttention { GRAVE } else { ODD };
        let (version, title) = (&finding.version.minor, finding.topic.title());
        writeln!(out, "    {version} {style}{title}:{style:#} {}", finding.text)?;
        for line in &finding.lines {
            writeln!(out, "        {line}")?;
        }
        if let Some(advice) = &finding.advice {
            writeln!(out, "        {DIM}={DIM:#} {advice}")?;
        }
    }
    Ok(())
}

/// The first of some names, and how many more there are.
fn few(names: &[&str]) -> String {
    const FEW: usize = 5;
    let (first, more) = names.split_at(names.len().min(FEW));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", first.join(", "))
}
