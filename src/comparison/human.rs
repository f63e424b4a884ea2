//! A comparison for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Compared, Comparison, Verdict, assumed, lines, said, unrecorded};
use crate::timeline::Change;

const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ODD: Style = AnsiColor::Yellow.on_default().bold();

/// Writes what differs, and below it what is not known for sure. Colours are always written: give it a stream that strips
/// them where they are not wanted.
pub fn human(comparison: &Comparison<'_>, out: &mut impl Write) -> io::Result<()> {
    for compared in comparison.of(Verdict::Changes) {
        scenario(compared, out)?;
    }
    for compared in &comparison.scenarios {
        for (version, names) in compared.gaps() {
            let id = compared.timeline.file.id();
            writeln!(out, "{ODD}not known:{ODD:#} {id} is not recorded on {version}: {}", names.join(", "))?;
        }
    }
    let never = unrecorded(comparison);
    if !never.is_empty() {
        writeln!(out, "{ODD}never recorded:{ODD:#} {}", few(&never))?;
    }
    for (said, ids) in assumed(comparison) {
        let ids: Vec<&str> = ids.into_iter().collect();
        writeln!(out, "{ODD}assumed:{ODD:#} {said}: {}", few(&ids))?;
    }
    writeln!(out, "{}", comparison.counts())?;
    out.flush()
}

fn scenario(compared: &Compared<'_>, out: &mut impl Write) -> io::Result<()> {
    let file = compared.timeline.file;
    writeln!(out, "{NAME}{}{NAME:#}  {}", file.id(), file.scenario.title)?;
    for line in compared.whole() {
        writeln!(out, "  {ODD}{line}{ODD:#}")?;
    }
    for changes in compared.steps() {
        for (index, change) in changes.into_iter().enumerate() {
            if index == 0 {
                step(change, out)?;
            }
            writeln!(out, "    {ODD}{}{ODD:#}", said(change))?;
            for line in lines(change, true).lines() {
                writeln!(out, "      {line}")?;
            }
        }
    }
    writeln!(out)
}

/// Which step it is, in its author's words.
fn step(change: &Change<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(step) = change.step() else { return Ok(()) };
    writeln!(out, "  {DIM}{}:{DIM:#} {NAME}{}{NAME:#}", step.at, change.track.name())?;
    writeln!(out, "    {DIM}{}{DIM:#}", step.action_line())
}

/// The first of some names, and how many more there are.
fn few(names: &[&str]) -> String {
    const FEW: usize = 3;
    let (first, more) = names.split_at(names.len().min(FEW));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", first.join(", "))
}
