//! The report for people: a line a scenario as it ends, failures in full at once, a count at the end.

use std::io::{self, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::Reporter;
use crate::run::{Event, ScenarioOutcome, Status, StepOutcome, Summary, Trouble, Verdict};
use crate::snapshot::diff::unified;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default().bold();
const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Writes lines for people. Colours are always written: give it a stream that strips them where they are not wanted.
pub struct Human<W> {
    out: W,
    show: bool,
    recording: bool,
}

impl<W: Write + Send> Human<W> {
    /// A report that writes to `out`; with `show`, every step with its answer, not only failed ones.
    pub fn new(out: W, show: bool) -> Self {
        Self { out, show, recording: false }
    }

    /// The same for a run that records: an answer that is new or another one is what it is for, and no failure.
    #[must_use]
    pub fn recording(self) -> Self {
        Self { recording: true, ..self }
    }

    fn scenario(&mut self, outcome: &ScenarioOutcome) -> io::Result<()> {
        let (style, word) = self.headline(outcome);
        let out = &mut self.out;
        let took = match outcome.skipped {
            Some(_) => " ".repeat(10),
            None => format!("[{:>7.3}s]", outcome.took.as_secs_f64()),
        };
        writeln!(
            out,
            "{style}{word:>8}{style:#} {took} {DIM}{}{DIM:#} {NAME}{}{NAME:#}{}",
            outcome.cluster,
            outcome.id,
            remark(outcome)
        )?;
        let status = outcome.status();
        let is_wrong = matches!(status, Status::Failed | Status::Broken);
        if !(is_wrong || self.show && outcome.skipped.is_none()) {
            return left(out, outcome);
        }
        writeln!(out, "           {}", outcome.title)?;
        for step in &outcome.steps {
            if self.show || matches!(step.verdict.status(), Status::Failed | Status::Broken) {
                self::step(out, step, outcome, self.show)?;
            }
        }
        let not_run = outcome.steps.iter().filter(|step| matches!(step.verdict, Verdict::NotRun)).count();
        if not_run > 0 && !self.show {
            writeln!(out, "    {DIM}{not_run} {} not run{DIM:#}", plural(not_run, "step"))?;
        }
        for trouble in &outcome.trouble {
            self::trouble(out, trouble)?;
        }
        left(out, outcome)?;
        if is_wrong && !self.show {
            writeln!(
                out,
                "    {DIM}every step and answer: rehearsal run --show --cluster {} {}{DIM:#}",
                outcome.cluster, outcome.file
            )?;
        }
        let is_unrecorded = |step: &StepOutcome| matches!(step.verdict, Verdict::Unrecorded { fails: true });
        let hint = if outcome.has_changed() {
            Some("if the new answer is right")
        } else {
            outcome.steps.iter().any(is_unrecorded).then_some("to record it")
        };
        if let Some(hint) = hint.filter(|_| !self.recording) {
            let (cluster, file) = (&outcome.cluster, &outcome.file);
            writeln!(out, "    {DIM}{hint}: rehearsal record --cluster {cluster} {file}{DIM:#}")?;
        }
        writeln!(out)
    }

    fn headline(&self, outcome: &ScenarioOutcome) -> (Style, &'static str) {
        match outcome.status() {
            Status::Skipped => (ODD, "SKIP"),
            Status::Passed if self.recording && outcome.has_unrecorded() => (GOOD, "NEW"),
            Status::Failed if self.recording && !outcome.is_unmet() => (ODD, "CHANGED"),
            Status::Passed => (GOOD, "PASS"),
            Status::Failed => (BAD, "FAIL"),
            Status::Broken => (BAD, "BROKEN"),
        }
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let Summary { passed, failed, broken, skipped, unrecorded, took } = *summary;
        let total = passed + failed + broken + skipped;
        let mut parts = vec![format!("{GOOD}{passed} passed{GOOD:#}")];
        for (count, style, word) in [(failed, BAD, "failed"), (broken, BAD, "could not run"), (skipped, ODD, "skipped")]
        {
            if count > 0 {
                parts.push(format!("{style}{count} {word}{style:#}"));
            }
        }
        write!(self.out, "{total} {} in {}: {}", plural(total, "scenario"), seconds(took), parts.join(", "))?;
        if unrecorded > 0 {
            let verb = if unrecorded == 1 { "is" } else { "are" };
            write!(self.out, "; {ODD}{unrecorded} {} {verb} not recorded yet{ODD:#}", plural(unrecorded, "answer"))?;
        }
        writeln!(self.out)?;
        self.out.flush()
    }
}

impl<W: Write + Send> Reporter for Human<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opening { .. } | Event::Started { .. } => Ok(()),
            Event::Opened { cluster, what, scenarios } => writeln!(
                self.out,
                "rehearsing {scenarios} {} on {NAME}{cluster}{NAME:#} ({what})",
                plural(*scenarios, "scenario")
            ),
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                writeln!(
                    self.out,
                    "{BAD}  BROKEN{BAD:#} {NAME}{cluster}{NAME:#}: {} {} could not run",
                    scenarios.len(),
                    plural(scenarios.len(), "scenario")
                )?;
                indented(&mut self.out, &few(scenarios))?;
                self::trouble(&mut self.out, trouble)
            }
            Event::Finished(outcome) => self.scenario(outcome),
            Event::Summary(summary) => self.summary(summary),
        }
    }
}

/// The first of some names, and how many more there are.
fn few(names: &[&str]) -> String {
    const FEW: usize = 3;
    let (first, more) = names.split_at(names.len().min(FEW));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    format!("{}{more}", first.join(", "))
}

/// What a passed or skipped scenario's line says after its id.
fn remark(outcome: &ScenarioOutcome) -> String {
    if let Some(reason) = &outcome.skipped {
        return format!("  {DIM}{reason}{DIM:#}");
    }
    let mut held = 0;
    let mut assumed = None;
    let mut unrecorded = 0;
    for step in &outcome.steps {
        match &step.verdict {
            Verdict::Same { assumed_from, .. } => {
                held += 1;
                assumed = assumed.or(assumed_from.as_ref());
            }
            Verdict::Unrecorded { .. } => unrecorded += 1,
            _ => {}
        }
    }
    let mut remarks = Vec::new();
    if held > 0 {
        remarks.push(format!("{DIM}{held} {} held{DIM:#}", plural(held, "snapshot")));
    }
    if let Some(version) = assumed {
        remarks.push(format!("{ODD}assumed from {version}{ODD:#}"));
    }
    if unrecorded > 0 {
        remarks.push(format!("{ODD}{unrecorded} not recorded yet{ODD:#}"));
    }
    if remarks.is_empty() { String::new() } else { format!("  {}", remarks.join(", ")) }
}

fn step(out: &mut impl Write, step: &StepOutcome, outcome: &ScenarioOutcome, show: bool) -> io::Result<()> {
    let tries = if step.attempts > 1 { format!(", {} attempts", step.attempts) } else { String::new() };
    let (style, word) = match &step.verdict {
        Verdict::Done => (GOOD, "done".to_owned()),
        Verdict::Same { since, .. } => (GOOD, format!("same since {since}")),
        Verdict::Changed { since, .. } => (BAD, format!("differs from the snapshot that holds since {since}")),
        Verdict::Unrecorded { .. } => (ODD, "not recorded yet".to_owned()),
        Verdict::Unmet(_) => (BAD, "not as expected".to_owned()),
        Verdict::LeftOut(reason) => (ODD, format!("left out: {reason}")),
        Verdict::NotRun => (ODD, "not run".to_owned()),
        Verdict::Broken(_) => (BAD, format!("could not run ({}{tries})", seconds(step.took))),
    };
    writeln!(out, "  {DIM}{}{DIM:#} {NAME}{}{NAME:#}: {style}{word}{style:#}", step.at, step.label)?;
    let request = step.requests.first().filter(|request| !is_told(&step.verdict, request));
    if let Some(request) = request {
        writeln!(out, "    {DIM}{request}  {}{tries}{DIM:#}", seconds(step.took))?;
    }
    match &step.verdict {
        Verdict::Changed { recorded_on, expected, .. } => {
            if *recorded_on != outcome.version {
                writeln!(out, "    {DIM}recorded on {recorded_on}; this is {}{DIM:#}", outcome.version)?;
            }
            let came = step.answer.as_deref().unwrap_or_default();
            let before = format!("recorded on {recorded_on}");
            return indented(out, &unified((&before, expected), ("now", came), true));
        }
        Verdict::Unmet(unmet) => {
            for line in unmet {
                indented(out, &format!("{BAD}-{BAD:#} {line}"))?;
            }
        }
        Verdict::Broken(what) => trouble(out, what)?,
        _ => {}
    }
    let wants_answer = show || matches!(step.verdict, Verdict::Unmet(_) | Verdict::Unrecorded { fails: true });
    match &step.answer {
        Some(answer) if wants_answer => indented(out, answer),
        _ => Ok(()),
    }
}

/// Whether the trouble itself says which request it was.
fn is_told(verdict: &Verdict, request: &str) -> bool {
    matches!(verdict, Verdict::Broken(trouble) if trouble.message.contains(request))
}

/// What is still on the cluster, and how to be rid of it.
fn left(out: &mut impl Write, outcome: &ScenarioOutcome) -> io::Result<()> {
    for path in &outcome.kept {
        writeln!(out, "    {ODD}left on the cluster:{ODD:#} {path}")?;
    }
    if outcome.kept.is_empty() {
        return Ok(());
    }
    let (namespaces, others): (Vec<_>, Vec<_>) =
        outcome.kept.iter().partition(|path| path.starts_with("/api/v1/namespaces/"));
    let gc = format!("rehearsal cluster gc --cluster {}", outcome.cluster);
    let raw = "kubectl delete --raw PATH";
    match (namespaces.is_empty(), others.is_empty()) {
        (false, true) => writeln!(out, "    {DIM}to remove it: {gc}{DIM:#}"),
        (true, _) => writeln!(out, "    {DIM}to remove it: {raw}{DIM:#}"),
        (false, false) => {
            writeln!(out, "    {DIM}to remove it: {gc}, for the Namespace; {raw}, for anything else{DIM:#}")
        }
    }
}

fn trouble(out: &mut impl Write, trouble: &Trouble) -> io::Result<()> {
    indented(out, &format!("{BAD}error:{BAD:#} {}", trouble.message))?;
    match &trouble.help {
        Some(help) => indented(out, &format!("{DIM}help:{DIM:#} {help}")),
        None => Ok(()),
    }
}

fn indented(out: &mut impl Write, text: &str) -> io::Result<()> {
    text.lines().try_for_each(|line| writeln!(out, "    {line}"))
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn seconds(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{:.1} ms", took.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", took.as_secs_f64())
    }
}
