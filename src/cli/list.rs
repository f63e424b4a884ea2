//! `rehearsal list`.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::run::Output;
use super::selection::Selection;
use super::{Exit, Failure, Terminal};
use crate::scenario::ScenarioFile;
use crate::snapshot::{NameError, ScenarioId};
use crate::version::Version;

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

pub(super) fn run(args: &ListArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let store = args.selection.store();
    let mut rows = Vec::new();
    for file in args.selection.load()? {
        let recorded = store.scenario(&id(&file)?).map_err(|error| Failure::store(&error))?;
        let versions: Vec<Version> = recorded.versions().cloned().collect();
        rows.push((file, versions));
    }
    match args.output {
        Output::Json => {
            let list: Vec<_> = rows
                .iter()
                .map(|(file, versions)| {
                    json!({
                        "id": file.id(),
                        "title": file.scenario.title,
                        "file": file.path,
                        "kubernetes": file.scenario.kubernetes.to_string(),
                        "recorded": versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    })
                })
                .collect();
            serde_json::to_writer_pretty(&mut terminal.out, &list).map_err(std::io::Error::from)?;
            writeln!(terminal.out)?;
        }
        Output::Human => {
            let width = rows.iter().map(|(file, _)| file.id().len()).max().unwrap_or_default();
            for (file, versions) in &rows {
                let recorded: Vec<String> = versions.iter().map(|version| version.minor.to_string()).collect();
                let recorded = if recorded.is_empty() { "not recorded yet".to_owned() } else { recorded.join(" ") };
                writeln!(terminal.out, "{:width$}  {}", file.id(), file.scenario.title)?;
                writeln!(terminal.out, "{:width$}  {}; recorded: {recorded}", "", file.scenario.kubernetes)?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn id(file: &ScenarioFile) -> Result<ScenarioId, Failure> {
    file.id().parse().map_err(|error: NameError| Failure::usage(error.to_string(), "rename the file"))
}
