//! The `rehearsal` program. Everything it does is in the library, so that `cargo test` can do it too.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use miette::Diagnostic;

#[derive(Debug, Parser)]
#[command(name = "rehearsal", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start, stop and list local control planes.
    Cluster(rehearsal::cli::cluster::ClusterArgs),
}

fn main() -> ExitCode {
    // The keeper of a cluster and the shim around its components are this program too, told by the environment.
    if let Some(code) = rehearsal::cluster::hook() {
        return code;
    }
    let Command::Cluster(args) = Arguments::parse().command;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string(), None),
    };
    match runtime.block_on(rehearsal::cli::cluster::run(args, &mut io::stdout(), &mut io::stderr())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string(), error.help().map(|help| help.to_string())),
    }
}

fn fail(message: &str, help: Option<String>) -> ExitCode {
    let help = help.map(|help| format!("help: {help}\n")).unwrap_or_default();
    let _ = write!(io::stderr(), "error: {message}\n{help}");
    ExitCode::from(3)
}
