//! `rehearsal explain`.

use std::io::Write;

use clap::Args;

use super::{Exit, Failure, Terminal};
use crate::reference;

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal explain                    every word of the scenario language
  rehearsal explain patch              what a step of that kind does, with an example
  rehearsal explain embedded           what control planes inside this program know of Kubernetes")]
pub(super) struct ExplainArgs {
    /// A kind of step, a modifier, a function or any other word of the language; or `embedded`.
    #[arg(value_name = "WORD")]
    word: Option<String>,
}

/// The one word that is none of the language.
const EMBEDDED: &str = "embedded";

pub(super) fn run(args: &ExplainArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let Some(word) = &args.word else {
        write!(terminal.out, "{}", reference::overview())?;
        return Ok(Exit::Ok);
    };
    if word == EMBEDDED {
        write!(terminal.out, "{}", rehearsal_model::modelled())?;
        return Ok(Exit::Ok);
    }
    let Some(text) = reference::explain(word) else {
        let help = reference::meant(word).map_or("`rehearsal explain` lists all words".to_owned(), |near| {
            format!("did you mean `{near}`? `rehearsal explain` lists all words")
        });
        return Err(Failure::usage(format!("the scenario language has no word `{word}`"), help));
    };
    write!(terminal.out, "{text}")?;
    Ok(Exit::Ok)
}
