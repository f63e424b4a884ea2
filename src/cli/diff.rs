//! `rehearsal diff`: what changes between two versions, from snapshots alone.

use std::io::Write;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::selection::Selection;
use super::{Exit, Failure, Terminal, lint};
use crate::cluster;
use crate::comparison::{self, Comparison, Side};
use crate::timeline::Timeline;
use crate::version::{Minor, Version};

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal diff v1.23 v1.24
  rehearsal diff v1.29 v1.34 scenarios/tokens      each change, and the minor it came with
  rehearsal diff v1.32.2 v1.33 --output markdown >> \"$GITHUB_STEP_SUMMARY\"
  rehearsal diff context:prod v1.34                from the version of a cluster of yours

Nothing is run: what was recorded is compared, each change on the way counts. Of a `context:` the version is asked and \
nothing else. A version that a scenario was not recorded on is taken to be as the recorded one before it, and that is \
said.

Exit codes: 0 nothing differs, 1 something does (or wrong usage), 2 a scenario or a snapshot has mistakes, 3 something \
was not recorded on one of the two, so that it cannot be compared.")]
pub(super) struct DiffArgs {
    /// The older version: `v1.23`, `v1.23.17`, or `context:NAME` for that of a cluster.
    #[arg(value_name = "FROM")]
    from: Named,
    /// The newer one.
    #[arg(value_name = "TO")]
    to: Named,
    #[command(flatten)]
    selection: Selection,
    /// How to show what differs.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    output: Format,
}

/// A version as it is named on the command line.
#[derive(Debug, Clone)]
enum Named {
    Minor(Minor),
    Release(Version),
    Context(String),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Lines for people.
    Human,
    /// One Markdown document: a table, and every difference in full.
    Markdown,
    /// One JSON document.
    Json,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORMS: &str = "write v1.24, v1.24.17 or context:NAME";
        match text.split_once(':') {
            Some(("context", name)) if !name.is_empty() => Ok(Self::Context(name.to_owned())),
            Some(("local", version)) => Err(format!("no cluster is needed: {version} names the version alone")),
            Some(_) => Err(format!("it names no version: {FORMS}")),
            None => match (text.parse(), text.parse()) {
                (Ok(minor), _) => Ok(Self::Minor(minor)),
                (_, Ok(release)) => Ok(Self::Release(release)),
                _ => Err(format!("it is no Kubernetes version: {FORMS}")),
            },
        }
    }
}

impl Named {
    /// The version that is meant. A cluster is asked for its own.
    fn side(&self) -> Result<Side, Failure> {
        match self {
            Self::Minor(minor) => Ok(Side { name: minor.to_string(), minor: *minor, release: None }),
            Self::Release(version) => Ok(Side::of(version.to_string(), version.clone())),
            Self::Context(name) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let asked = runtime.block_on(cluster::version_of(name));
                let version = asked.map_err(|error| Failure::could_not_run(&error))?;
                Ok(Side::of(format!("context:{name} ({version})"), version))
            }
        }
    }
}

pub(super) fn run(args: &DiffArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let files = args.selection.load()?;
    if !lint::is_sound(&files, &args.selection, terminal)? {
        return Ok(Exit::Parse);
    }
    let timelines: Vec<Timeline<'_>> = args.selection.timelines(&files)?;
    let (from, to) = (args.from.side()?, args.to.side()?);
    let comparison = Comparison::new(&timelines, from, to);
    let comparison = comparison.map_err(|error| Failure::usage(error.to_string(), error.help()))?;
    match args.output {
        Format::Human => comparison::human(&comparison, &mut terminal.out)?,
        Format::Markdown => write!(terminal.out, "{}", comparison::markdown(&comparison))?,
        Format::Json => writeln!(terminal.out, "{:#}", comparison::json(&comparison))?,
    }
    Ok(match &comparison {
        comparison if comparison.is_incomplete() => Exit::CouldNotRun,
        comparison if comparison.differs() => Exit::DIFFERS,
        _ => Exit::Ok,
    })
}
