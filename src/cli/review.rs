//! `rehearsal review`: what waits for review, and the decision on it.
//!
//! Gets the store, where to write and whether in colour; reads no environment and never exits.

use std::io::{self, BufRead, Write};
use std::str::FromStr;

use anstyle::{AnsiColor, Style};
use camino::Utf8PathBuf;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use crate::snapshot::{ChangeSet, FileChange, Meaning, ScenarioId, Standing, Store, StoreError, Written, diff};
use crate::version::Version;

const EXAMPLES: &str = "\
Examples:
  rehearsal review                                    what waits, with its differences
  rehearsal review show tokens/pod-bound
  rehearsal review accept tokens/pod-bound            its files and its lines in recorded.yaml
  rehearsal review accept tokens/pod-bound@v1.24.17   what was seen on that version only
  rehearsal review reject --all

A recording is accepted or rejected whole: the snapshots of all its steps, and the line in the scenario's \
recorded.yaml that says on which version they were seen. `cargo insta review` works on the same files; the \
line is added by the next run when all of them were accepted.";

const TITLE: Style = Style::new().bold();
const QUIET: Style = AnsiColor::BrightBlack.on_default();

/// Show, accept or reject snapshots that wait for review.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct ReviewArgs {
    #[command(subcommand)]
    command: Option<Command>,
    /// The folder of the snapshots, which mirrors the scenarios.
    #[arg(long, value_name = "DIR", default_value = "snapshots", global = true)]
    pub snapshots: Utf8PathBuf,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what waits of one scenario.
    #[command(after_help = EXAMPLES)]
    Show {
        /// The scenario, as in tokens/pod-bound.
        id: ScenarioId,
        #[command(flatten)]
        format: Format,
    },
    /// Make proposed snapshots the recorded ones.
    #[command(after_help = EXAMPLES)]
    Accept(Selection),
    /// Drop proposed snapshots; what was recorded stays.
    #[command(after_help = EXAMPLES)]
    Reject(Selection),
}

#[derive(Debug, Clone, Copy, Args)]
struct Format {
    /// How to write it.
    #[arg(long = "output", value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

/// How `review` writes its list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

#[derive(Debug, Args)]
struct Selection {
    /// Scenarios, or scenarios at a version: tokens/pod-bound, tokens/pod-bound@v1.24.17.
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<Selector>,
    /// Everything that waits.
    #[arg(long)]
    all: bool,
}

/// A scenario, or what was seen of it on one version.
#[derive(Debug, Clone)]
struct Selector {
    id: ScenarioId,
    version: Option<Version>,
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, version) = text.split_once('@').map_or((text, None), |(id, version)| (id, Some(version)));
        let version = version.map(str::parse).transpose().map_err(|error| format!("{error}"))?;
        Ok(Self { id: id.parse().map_err(|error| format!("{error}"))?, version })
    }
}

/// Where `review` writes, and reads decisions from.
pub struct Terminal<'a> {
    /// Where to write.
    pub out: &'a mut dyn Write,
    /// Whether `out` shows colours.
    pub coloured: bool,
    /// Somebody who can be asked, if there is somebody.
    pub input: Option<&'a mut dyn BufRead>,
}

/// Why a review did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing waits under that name.
    #[error("nothing of {id} waits for review{}", did_you_mean(.similar.as_ref()))]
    Unknown {
        /// What was asked for.
        id: ScenarioId,
        /// What waits under a similar name.
        similar: Option<ScenarioId>,
    },
    /// The list could not be written, or a decision not be read.
    #[error("cannot talk to the terminal: {0}")]
    Terminal(#[from] io::Error),
}

fn did_you_mean(similar: Option<&ScenarioId>) -> String {
    similar.map_or_else(
        || "; `rehearsal review` lists what does".to_owned(),
        |similar| format!("; did you mean {similar}?"),
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Accept,
    Reject,
}

/// Does what `args` ask for.
///
/// # Errors
/// When nothing waits under a given name, or the store or the terminal fail. Names are checked before anything is
/// decided.
pub fn run(args: &ReviewArgs, store: &Store, terminal: &mut Terminal<'_>) -> Result<(), ReviewError> {
    match &args.command {
        None => {
            let sets = store.pending()?;
            match (args.format.output, terminal.input.take()) {
                (Output::Human, Some(input)) if !sets.is_empty() => ask(store, &sets, terminal, input),
                (output, _) => Ok(list(&sets, output, terminal)?),
            }
        }
        Some(Command::Show { id, format }) => {
            let mut sets = store.pending()?;
            check(&sets, id)?;
            sets.retain(|set| set.id == *id);
            Ok(list(&sets, format.output, terminal)?)
        }
        Some(Command::Accept(selection)) => decide_all(store, selection, Decision::Accept, terminal),
        Some(Command::Reject(selection)) => decide_all(store, selection, Decision::Reject, terminal),
    }
}

fn check(sets: &[ChangeSet], id: &ScenarioId) -> Result<(), ReviewError> {
    if sets.iter().any(|set| set.id == *id) {
        return Ok(());
    }
    let alike = |set: &ChangeSet| strsim::normalized_damerau_levenshtein(set.id.as_str(), id.as_str());
    let nearest = sets.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|set| alike(set) > 0.6);
    Err(ReviewError::Unknown { id: id.clone(), similar: nearest.map(|set| set.id.clone()) })
}

fn decide_all(
    store: &Store,
    selection: &Selection,
    decision: Decision,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReviewError> {
    let all: Vec<Selector>;
    let selected = if selection.all {
        all = store.pending()?.into_iter().map(|set| Selector { id: set.id, version: None }).collect();
        &all
    } else {
        match store.pending() {
            Ok(sets) => selection.ids.iter().try_for_each(|selector| check(&sets, &selector.id))?,
            // Files that cannot be read must not keep a proposal from being dropped.
            Err(_) if decision == Decision::Reject => {}
            Err(error) => return Err(error.into()),
        }
        &selection.ids
    };
    if selected.is_empty() {
        writeln!(terminal.out, "nothing waits for review")?;
    }
    selected.iter().try_for_each(|selector| decide(store, selector, decision, terminal))
}

fn decide(
    store: &Store,
    Selector { id, version }: &Selector,
    decision: Decision,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReviewError> {
    let of = version.as_ref().map_or(String::new(), |version| format!(" on {version}"));
    match decision {
        Decision::Accept => {
            let Written { written, removed } = store.accept(id, version.as_ref())?;
            writeln!(terminal.out, "accepted {id}{of}")?;
            for path in written {
                writeln!(terminal.out, "  wrote {path}")?;
            }
            // What waited is gone in any case; worth a word are snapshots.
            for path in removed.iter().filter(|path| path.extension() == Some("snap")) {
                writeln!(terminal.out, "  removed {path}")?;
            }
        }
        Decision::Reject => {
            store.reject(id, version.as_ref())?;
            writeln!(terminal.out, "rejected {id}{of}: its snapshots and recorded.yaml stay as they were")?;
        }
    }
    Ok(())
}

fn ask(
    store: &Store,
    sets: &[ChangeSet],
    terminal: &mut Terminal<'_>,
    input: &mut dyn BufRead,
) -> Result<(), ReviewError> {
    for (number, set) in sets.iter().enumerate() {
        write_set(set, terminal)?;
        let decision = loop {
            write!(terminal.out, "{}/{}: [a]ccept, [r]eject, [s]kip? ", number + 1, sets.len())?;
            terminal.out.flush()?;
            let mut answer = String::new();
            if input.read_line(&mut answer)? == 0 {
                writeln!(terminal.out)?;
                return Ok(());
            }
            match answer.trim() {
                "a" => break Some(Decision::Accept),
                "r" => break Some(Decision::Reject),
                "s" => break None,
                _ => {}
            }
        };
        if let Some(decision) = decision {
            decide(store, &Selector { id: set.id.clone(), version: None }, decision, terminal)?;
        }
        writeln!(terminal.out)?;
    }
    Ok(())
}

fn list(sets: &[ChangeSet], output: Output, terminal: &mut Terminal<'_>) -> io::Result<()> {
    if output == Output::Json {
        let document = serde_json::json!({ "pending": sets.iter().map(Row::of).collect::<Vec<_>>() });
        writeln!(terminal.out, "{document:#}")?;
        return Ok(());
    }
    for set in sets {
        write_set(set, terminal)?;
        writeln!(terminal.out)?;
    }
    match sets {
        [] => writeln!(terminal.out, "nothing waits for review")?,
        [set] => writeln!(terminal.out, "`rehearsal review accept {0}`, or `reject {0}`", set.id)?,
        _ => writeln!(terminal.out, "`rehearsal review accept ID..`, or `reject ID..`, or either with --all")?,
    }
    Ok(())
}

fn write_set(set: &ChangeSet, terminal: &mut Terminal<'_>) -> io::Result<()> {
    let coloured = terminal.coloured;
    let paint = |style: Style, text: &str| if coloured { format!("{style}{text}{style:#}") } else { text.to_owned() };
    let out = &mut *terminal.out;
    let versions = comma(set.recordings.iter().map(|recording| &recording.version));
    writeln!(out, "{}", paint(TITLE, &format!("{} on {versions}", set.id)))?;
    if let Standing::Partial(partial) = &set.standing {
        writeln!(
            out,
            "decided on in part ({partial}), while a recording is taken whole: accept the rest of it or reject it"
        )?;
    }
    for file in &set.files {
        writeln!(out, "{}: {}", file.point, describe(file))?;
        if file.meaning() != Meaning::AsBefore {
            write!(out, "{}", difference(file, coloured))?;
        }
    }
    for point in &set.dropped {
        writeln!(out, "{point}: goes, no version shows it any more")?;
    }
    for recording in set.recordings.iter().filter(|recording| !recording.gone.is_empty()) {
        writeln!(out, "did not run on {}, and did before: {}", recording.version, comma(&recording.gone))?;
    }
    let recordings =
        set.recordings.iter().map(|recording| format!("{} ({})", recording.version, recording.entry.cluster));
    writeln!(out, "{}", paint(QUIET, &format!("accepting adds to recorded.yaml: {}", comma(recordings))))?;
    Ok(())
}

fn describe(file: &FileChange) -> String {
    match (file.meaning(), &file.before, &file.after) {
        (_, _, None) => "its text was deleted; reject the proposal and run the scenario again".to_owned(),
        (Meaning::AsBefore, Some((since, _)), _) => format!("as since {since}; it differs just below now"),
        (Meaning::New, ..) => "new".to_owned(),
        _ => "differs".to_owned(),
    }
}

fn difference(file: &FileChange, coloured: bool) -> String {
    let Some(after) = &file.after else { return String::new() };
    let (since, old) = match &file.before {
        Some((since, text)) => (format!("recorded, since {since}"), text.as_str()),
        None => ("not recorded".to_owned(), ""),
    };
    diff::unified((&since, old), (&format!("seen, from {} on", file.point.label), after.as_str()), coloured)
}

fn comma<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// A change set in `--output json`.
#[derive(Serialize)]
struct Row {
    id: String,
    /// Whether some of its files were decided on or edited, and others not.
    partial: bool,
    recordings: Vec<RecordingRow>,
    files: Vec<FileRow>,
    dropped: Vec<String>,
}

#[derive(Serialize)]
struct RecordingRow {
    version: String,
    cluster: String,
    etcd: Option<String>,
    plan: String,
    /// Steps that ran before and did not this time.
    gone: Vec<String>,
}

#[derive(Serialize)]
struct FileRow {
    file: String,
    step: String,
    since: String,
    /// `new`, `changed` or `as-before`.
    meaning: &'static str,
    before: Option<String>,
    after: Option<String>,
    diff: String,
}

impl Row {
    fn of(set: &ChangeSet) -> Self {
        let recordings = set.recordings.iter().map(|recording| RecordingRow {
            version: recording.version.to_string(),
            cluster: recording.entry.cluster.clone(),
            etcd: recording.entry.etcd.clone(),
            plan: recording.entry.plan.to_string(),
            gone: recording.gone.iter().map(ToString::to_string).collect(),
        });
        let files = set.files.iter().map(|file| FileRow {
            file: file.point.to_string(),
            step: file.point.series.to_string(),
            since: file.point.label.to_string(),
            meaning: match file.meaning() {
                Meaning::New => "new",
                Meaning::Changed => "changed",
                Meaning::AsBefore => "as-before",
            },
            before: file.before.as_ref().map(|(_, text)| text.to_string()),
            after: file.after.as_ref().map(ToString::to_string),
            diff: difference(file, false),
        });
        Self {
            id: set.id.to_string(),
            partial: matches!(set.standing, Standing::Partial(_)),
            recordings: recordings.collect(),
            files: files.collect(),
            dropped: set.dropped.iter().map(ToString::to_string).collect(),
        }
    }
}
