//! `markdown`: a table of scenarios and clusters and every failure in full, for the summary of a CI job.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Reporter;
use super::words::{self, Hint, plural, seconds, status_word};
use crate::markdown::{code, escaped, fenced, row};
use crate::run::{Event, ScenarioOutcome, Status, StepOutcome, Summary, Trouble, Verdict};

/// Collects outcomes and writes them as one Markdown document.
pub struct Markdown<W> {
    out: W,
    show: bool,
    /// The clusters in order, and what answered there.
    clusters: Vec<(String, Vec<String>)>,
    /// What came of each scenario on each cluster.
    cells: BTreeMap<String, BTreeMap<String, Status>>,
    /// What is said of failures below the table, in paragraphs.
    failures: Vec<String>,
}

impl<W: Write + Send> Markdown<W> {
    /// A report that writes to `out`; with `show`, a failure has the bodies of its requests and all answers.
    pub fn new(out: W, show: bool) -> Self {
        Self { out, show, clusters: Vec::new(), cells: BTreeMap::new(), failures: Vec::new() }
    }

    fn cluster(&mut self, name: &str, what: Option<&str>) {
        let what = what.map(str::to_owned);
        match self.clusters.iter_mut().find(|(known, _)| known == name) {
            // The same, set up otherwise.
            Some((_, known)) => known.extend(what),
            None => self.clusters.push((name.to_owned(), what.into_iter().collect())),
        }
    }

    fn cell(&mut self, id: &str, cluster: &str, status: Status) {
        let cell = self.cells.entry(id.to_owned()).or_default().entry(cluster.to_owned()).or_insert(status);
        *cell = status.max(*cell);
    }

    fn write(&mut self, summary: &Summary) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(out, "## {}\n", counts(summary))?;
        writeln!(out, "| scenario |{}", row(self.clusters.iter().map(|(name, _)| code(name))))?;
        writeln!(out, "|---|{}", "---|".repeat(self.clusters.len()))?;
        for (id, cells) in &self.cells {
            let cells = self.clusters.iter().map(|(name, _)| cells.get(name).copied().map_or("", word).to_owned());
            writeln!(out, "| {} |{}", code(id), row(cells))?;
        }
        writeln!(out)?;
        for (name, what) in &self.clusters {
            for what in what {
                writeln!(out, "- {}: {}", code(name), escaped(what))?;
            }
        }
        for paragraph in &self.failures {
            writeln!(out, "\n{paragraph}")?;
        }
        out.flush()
    }
}

impl<W: Write + Send> Reporter for Markdown<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Queued { .. } | Event::Opening { .. } | Event::Started { .. } | Event::Closed { .. } => {}
            Event::Opened { cluster, what, .. } => self.cluster(cluster, Some(what)),
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                self.cluster(cluster, None);
                for id in *scenarios {
                    self.cell(id, cluster, Status::Broken);
                }
                self.failures.push(format!("### {}: could not be opened", code(cluster)));
                self.failures.extend(self::trouble(trouble));
            }
            Event::Finished(outcome) => {
                self.cell(&outcome.id, &outcome.cluster, outcome.status());
                if outcome.status() >= Status::Failed {
                    self.failures.extend(failure(outcome, self.show));
                }
            }
            Event::Summary(summary) => self.write(summary)?,
        }
        Ok(())
    }
}

fn counts(summary: &Summary) -> String {
    let Summary { passed, failed, broken, skipped, took, .. } = *summary;
    let total = passed + failed + broken + skipped;
    let counts = [(passed, "passed"), (failed, "failed"), (broken, "could not run"), (skipped, "skipped")];
    let parts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let parts: Vec<String> = parts.collect();
    format!("{total} {} in {}: {}", plural(total, "scenario"), seconds(took), parts.join(", "))
}

/// What is wrong stands out.
fn word(status: Status) -> &'static str {
    match status {
        Status::Failed => "**failed**",
        Status::Broken => "**could not run**",
        _ => status_word(status),
    }
}

/// What is said of a failure, in paragraphs.
fn failure(outcome: &ScenarioOutcome, show: bool) -> Vec<String> {
    let (id, cluster) = (code(&outcome.id), code(&outcome.cluster));
    let mut said = vec![format!("### {id} on {cluster}: {}", status_word(outcome.status())), escaped(&outcome.title)];
    said.extend(words::runs(outcome));
    let wanted = |step: &&StepOutcome| show || words::is_wrong(step);
    said.extend(outcome.steps.iter().filter(wanted).flat_map(|step| self::step(step, outcome, show)));
    said.extend(outcome.trouble.iter().flat_map(self::trouble));
    said.extend(outcome.kept.iter().map(|path| format!("- left on the cluster: {}", code(path))));
    let hints = [Some(words::more(outcome)), words::to_record(outcome)].into_iter().flatten();
    said.extend(hints.map(|Hint { what, command, remark }| format!("{what}: {}{remark}", code(&command))));
    said
}

fn step(step: &StepOutcome, outcome: &ScenarioOutcome, show: bool) -> Vec<String> {
    let request = step.requests.first().map(|request| format!(": {}", code(request)));
    let mut said = vec![
        format!("#### {}: {}", escaped(&step.label), escaped(&words::verdict(&step.verdict))),
        code(&step.at.to_string()) + &request.unwrap_or_default(),
    ];
    if let Verdict::Changed { recorded_on, .. } = &step.verdict
        && *recorded_on != outcome.version
    {
        said.push(format!("recorded on {recorded_on}; this is {}", outcome.version));
    }
    said.extend(words::said(step).map(|line| format!("- {}", escaped(line))));
    said.extend(Some(words::difference(step, false)).filter(|diff| !diff.is_empty()).map(|diff| fenced("diff", &diff)));
    if let Verdict::Broken(what) = &step.verdict {
        said.extend(trouble(what));
    }
    said.extend(words::advice(&step.verdict).map(escaped));
    said.extend(step.body.as_ref().filter(|_| show).map(|body| fenced("yaml", body)));
    let wants_answer = show || words::is_answer_wanted(&step.verdict);
    said.extend(step.answer.as_ref().filter(|_| wants_answer).map(|answer| fenced("yaml", answer)));
    said
}

fn trouble(trouble: &Trouble) -> Vec<String> {
    let help = trouble.help.as_deref().map(escaped);
    std::iter::once(fenced("text", &trouble.message)).chain(help).collect()
}
