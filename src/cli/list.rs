//! `rehearsal list`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::run::Output;
use super::selection::{Selection, id};
use super::sharding::Sharding;
use super::{Exit, Failure, Terminal};
use crate::scenario::ScenarioFile;
use crate::snapshot::{Label, Series};
use crate::version::{Version, spans};

/// Arguments of `list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal list
  rehearsal list scenarios/tokens --output json
  rehearsal list --shard 2/5                       what that shard of `run` takes, and how long each is expected to")]
pub(super) struct ListArgs {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    sharding: Sharding,
    /// How to show the list.
    #[arg(long, value_enum, default_value_t = Output::Human, value_name = "FORMAT")]
    output: Output,
}

/// A scenario and what is recorded of it.
struct Row {
    file: ScenarioFile,
    versions: Vec<Version>,
    points: BTreeMap<Series, Vec<Label>>,
    /// How long it is expected to take, where a shard was asked for.
    takes: Option<Duration>,
}

pub(super) fn run(args: &ListArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let store = args.selection.store();
    let mut rows = Vec::new();
    let part = args.sharding.part(&args.selection)?;
    let said = part.said();
    for file in part.files {
        let recorded = store.scenario(&id(&file)?).map_err(|error| Failure::store(&error))?;
        let (versions, points) = (recorded.versions().cloned().collect(), recorded.change_points());
        let takes = part.shard.as_ref().and_then(|(_, partition)| partition.expected(file.id()));
        rows.push(Row { file, versions, points, takes });
    }
    match args.output {
        Output::Json => {
            let list: Vec<_> = rows.iter().map(json).collect();
            serde_json::to_writer_pretty(&mut terminal.out, &list).map_err(std::io::Error::from)?;
            writeln!(terminal.out)?;
        }
        Output::Human => {
            let width = rows.iter().map(|row| row.file.id().len()).max().unwrap_or_default();
            for row in &rows {
                let (file, out) = (&row.file, &mut terminal.out);
                let recorded = if row.versions.is_empty() {
                    "not yet".to_owned()
                } else {
                    spans(row.versions.iter().map(|version| version.minor))
                };
                writeln!(out, "{:width$}  {}", file.id(), file.scenario.title)?;
                let takes = row.takes.map(|takes| format!("; takes {} s", takes.as_secs_f64())).unwrap_or_default();
                writeln!(out, "{:width$}  {}; recorded: {recorded}{takes}", "", file.scenario.kubernetes)?;
                if let Some(changes) = changes(&row.points) {
                    writeln!(out, "{:width$}  {changes}", "")?;
                }
            }
            if let Some(said) = said {
                writeln!(terminal.out, "{said}")?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// Which steps show something else since which versions; where a step is first recorded nothing changed yet.
fn changes(points: &BTreeMap<Series, Vec<Label>>) -> Option<String> {
    let of_step = |(series, labels): (&Series, &Vec<Label>)| {
        let later: Vec<String> = labels.iter().skip(1).map(ToString::to_string).collect();
        (!later.is_empty()).then(|| format!("{series} {}", later.join(" ")))
    };
    let changes: Vec<String> = points.iter().filter_map(of_step).collect();
    (!changes.is_empty()).then(|| format!("changes: {}", changes.join(", ")))
}

fn json(Row { file, versions, points, takes }: &Row) -> Value {
    let texts = |labels: &[Label]| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
    let points: Map<String, Value> =
        points.iter().map(|(series, labels)| (series.to_string(), texts(labels).into())).collect();
    let mut row = json!({
        "id": file.id(),
        "title": file.scenario.title,
        "file": file.path,
        "kubernetes": file.scenario.kubernetes.to_string(),
        "recorded": versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "changePoints": points,
    });
    if let Some(takes) = takes {
        row["expectedSeconds"] = takes.as_secs_f64().into();
    }
    row
}
