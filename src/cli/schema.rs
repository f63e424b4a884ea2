//! `rehearsal schema`.

use std::io::Write;

use super::{Exit, Failure, Terminal};
use crate::schema;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rehearsal schema > scenarios/schema.json

An editor with the YAML language server completes and checks a scenario whose first line says where its schema is:
  # yaml-language-server: $schema=./schema.json
It sees what a file looks like; what its parts mean together, `rehearsal lint` finds.")]
pub(super) struct SchemaArgs {}

pub(super) fn run(terminal: &mut Terminal) -> Result<Exit, Failure> {
    write!(terminal.out, "{}", schema::page())?;
    Ok(Exit::Ok)
}
