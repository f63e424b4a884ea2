//! The report for people: a line a scenario as it ends, failures in full at once, a count at the end.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::Reporter;
use super::words::{self, Remark, plural, seconds};
use crate::run::{Event, ScenarioOutcome, Status, StepOutcome, Summary, Trouble, Verdict};
use crate::version::Minor;

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
    /// How many scenarios asked the embedded model for something that it does not know, and the version of the last.
    not_modelled: Option<(usize, Minor)>,
}

impl<W: Write + Send> Human<W> {
    /// A report that writes to `out`; with `show`, every step with its answer, not only failed ones.
    pub fn new(out: W, show: bool) -> Self {
        Self { out, show, recording: false, not_modelled: None }
    }

    /// The same for a run that records: an answer that is new or another one is what it is for, and no failure.
    #[must_use]
    pub fn recording(self) -> Self {
        Self { recording: true, ..self }
    }

    fn scenario(&mut self, outcome: &ScenarioOutcome) -> io::Result<()> {
        if words::is_not_modelled(outcome) {
            let before = self.not_modelled.map_or(0, |(count, _)| count);
            self.not_modelled = Some((before + 1, outcome.version.minor));
        }
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
            remark(outcome, self.recording)
        )?;
        let status = outcome.status();
        let is_wrong = matches!(status, Status::Failed | Status::Broken);
        if !(is_wrong || self.show && outcome.skipped.is_none()) {
            return left(out, outcome);
        }
        writeln!(out, "           {}", outcome.title)?;
        for step in &outcome.steps {
            if self.show || words::is_wrong(step) {
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
            writeln!(out, "    {DIM}{}{DIM:#}", words::more(outcome))?;
        }
        if let Some(hint) = words::to_record(outcome).filter(|_| !self.recording) {
            writeln!(out, "    {DIM}{hint}{DIM:#}")?;
        }
        writeln!(out)
    }

    fn headline(&self, outcome: &ScenarioOutcome) -> (Style, &'static str) {
        match outcome.status() {
            Status::Skipped => (ODD, "SKIP"),
            Status::Passed if self.recording && outcome.has_unrecorded() => (GOOD, "NEW"),
            Status::Failed if outcome.is_unmet() => (BAD, "FAIL"),
            Status::Failed if outcome.is_unstable() => (BAD, "UNSTABLE"),
            Status::Failed if self.recording => (ODD, "CHANGED"),
            Status::Passed => (GOOD, "PASS"),
            Status::Failed => (BAD, "FAIL"),
            Status::Broken => (BAD, "BROKEN"),
        }
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let Summary { passed, failed, broken, skipped, unrecorded, took, .. } = *summary;
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
        if let Some((count, minor)) = self.not_modelled {
            writeln!(
                self.out,
                "{DIM}{count} of the skipped may run on a real control plane: rehearsal cluster install {minor}, then \
                 rehearsal run --cluster local:{minor}{DIM:#}"
            )?;
        }
        self.out.flush()
    }
}

impl<W: Write + Send> Reporter for Human<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Queued { .. } | Event::Opening { .. } | Event::Started { .. } | Event::Closed { .. } => Ok(()),
            Event::Opened { cluster, what, scenarios } => writeln!(
                self.out,
                "rehearsing {} {} on {NAME}{cluster}{NAME:#} ({what})",
                scenarios.len(),
                plural(scenarios.len(), "scenario")
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
fn remark(outcome: &ScenarioOutcome, recording: bool) -> String {
    if let Some(reason) = &outcome.skipped {
        return format!("  {DIM}{reason}{DIM:#}");
    }
    let coloured = |Remark { text, is_odd }| {
        let style = if is_odd { ODD } else { DIM };
        format!("{style}{text}{style:#}")
    };
    let mut remarks: Vec<String> = words::remarks(outcome).into_iter().map(coloured).collect();
    // Recorded twice is the rule, and says nothing.
    if let Some(runs) = words::runs(outcome).filter(|_| !recording) {
        remarks.push(format!("{DIM}{runs}{DIM:#}"));
    }
    if remarks.is_empty() { String::new() } else { format!("  {}", remarks.join(", ")) }
}

fn step(out: &mut impl Write, step: &StepOutcome, outcome: &ScenarioOutcome, show: bool) -> io::Result<()> {
    let tries = if step.attempts > 1 { format!(", {} attempts", step.attempts) } else { String::new() };
    let style = match step.verdict.status() {
        Status::Failed | Status::Broken => BAD,
        Status::Skipped => ODD,
        Status::Passed if matches!(step.verdict, Verdict::Unrecorded { .. }) => ODD,
        Status::Passed => GOOD,
    };
    let took = match &step.verdict {
        Verdict::Broken(_) => format!(" ({}{tries})", seconds(step.took)),
        _ => String::new(),
    };
    let word = words::verdict(&step.verdict);
    writeln!(out, "  {DIM}{}{DIM:#} {NAME}{}{NAME:#}: {style}{word}{took}{style:#}", step.at, step.label)?;
    let request = step.requests.first().filter(|request| !is_told(&step.verdict, request));
    if let Some(request) = request {
        writeln!(out, "    {DIM}{request}  {}{tries}{DIM:#}", seconds(step.took))?;
    }
    if let Some(body) = step.body.as_ref().filter(|_| show) {
        body.lines().try_for_each(|line| writeln!(out, "    {DIM}> {line}{DIM:#}"))?;
    }
    if let Verdict::Changed { recorded_on, .. } = &step.verdict
        && *recorded_on != outcome.version
    {
        writeln!(out, "    {DIM}recorded on {recorded_on}; this is {}{DIM:#}", outcome.version)?;
    }
    for line in words::said(step) {
        indented(out, &format!("{BAD}-{BAD:#} {line}"))?;
    }
    indented(out, &words::difference(step, true))?;
    if let Verdict::Broken(what) = &step.verdict {
        trouble(out, what)?;
    }
    if let Some(advice) = words::advice(&step.verdict) {
        indented(out, &format!("{DIM}help:{DIM:#} {advice}"))?;
    }
    let has_diff = matches!(step.verdict, Verdict::Changed { .. } | Verdict::Unstable { .. });
    let wants_answer = show || words::is_answer_wanted(&step.verdict);
    match &step.answer {
        Some(answer) if wants_answer && !has_diff => indented(out, answer),
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
    match words::to_remove(outcome) {
        Some(how) => writeln!(out, "    {DIM}{how}{DIM:#}"),
        None => Ok(()),
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
