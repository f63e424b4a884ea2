//! `rehearsal list`.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde_json::{Map, Value, json};

use super::run::Output;
use super::selection::Selection;
use super::{Exit, Failure, Terminal};
use crate::scenario::ScenarioFile;
use crate::snapshot::{Label, NameError, ScenarioId, Series};
use crate::version::{Minor, Version};

/// Arguments of `list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal list
  rehearsal list scenarios/tokens --output json")]
pub(super) struct ListArgs {
    #[command(flatten)]
    selection: Selection,
    /// How to show the list.
    #[arg(long, value_enum, default_value_t = Output::Human, value_name = "FORMAT")]
    output: Output,
}

/// A scenario and what is recorded of it.
struct Row {
    file: ScenarioFile,
    versions: Vec<Version>,
    points: BTreeMap<Series, Vec<Label>>,
}

pub(super) fn run(args: &ListArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let store = args.selection.store();
    let mut rows = Vec::new();
    for file in args.selection.load()? {
        let recorded = store.scenario(&id(&file)?).map_err(|error| Failure::store(&error))?;
        let (versions, points) = (recorded.versions().cloned().collect(), recorded.change_points());
        rows.push(Row { file, versions, points });
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
                let recorded = if row.versions.is_empty() { "not yet".to_owned() } else { spans(&row.versions) };
                writeln!(out, "{:width$}  {}", file.id(), file.scenario.title)?;
                writeln!(out, "{:width$}  {}; recorded: {recorded}", "", file.scenario.kubernetes)?;
                if let Some(changes) = changes(&row.points) {
                    writeln!(out, "{:width$}  {changes}", "")?;
                }
            }
        }
    }
    Ok(Exit::Ok)
}

/// The minors of versions in their order, as `v1.22 - v1.24, v1.30`.
fn spans(versions: &[Version]) -> String {
    let mut minors: Vec<Minor> = versions.iter().map(|version| version.minor).collect();
    minors.dedup();
    let span = |span: &[Minor]| match span {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} - {last}"),
        [] => String::new(),
    };
    minors.chunk_by(|one, next| one.after() == *next).map(span).collect::<Vec<_>>().join(", ")
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

fn json(Row { file, versions, points }: &Row) -> Value {
    let texts = |labels: &[Label]| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
    let points: Map<String, Value> =
        points.iter().map(|(series, labels)| (series.to_string(), texts(labels).into())).collect();
    json!({
        "id": file.id(),
        "title": file.scenario.title,
        "file": file.path,
        "kubernetes": file.scenario.kubernetes.to_string(),
        "recorded": versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "changePoints": points,
    })
}

fn id(file: &ScenarioFile) -> Result<ScenarioId, Failure> {
    file.id().parse().map_err(|error: NameError| Failure::usage(error.to_string(), "rename the file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_in_a_row_are_one_span() {
        let of =
            |versions: &[&str]| spans(&versions.iter().map(|version| version.parse().unwrap()).collect::<Vec<_>>());
        assert_eq!(of(&["v1.22.2", "v1.23.17", "v1.24.17", "v1.30.1", "v1.30.14"]), "v1.22 - v1.24, v1.30");
        assert_eq!(of(&["v1.37.1"]), "v1.37");
    }
}
