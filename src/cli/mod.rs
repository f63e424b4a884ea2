//! The command line: arguments in, one library call, a report and an exit code out. One file a command.

pub mod cluster;
mod completions;
mod diff;
mod docs;
mod environment;
mod exit;
mod explain;
mod explore;
mod init;
mod install;
mod lint;
mod list;
mod man;
mod record;
mod report;
mod reports;
pub mod review;
mod run;
mod schema;
mod selection;
mod sharding;
mod upgrade;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{Parser, Subcommand, ValueEnum};

use crate::snapshot::Store;

pub use environment::Environment;
pub use exit::{Exit, Failure};

/// Rehearse a Kubernetes upgrade: behaviour as YAML scenarios, executed step by step on a cluster and held by
/// snapshots that say since which Kubernetes version they hold.
#[derive(Debug, Parser)]
#[command(name = "rehearsal", version, max_term_width = 110, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Global options")]
    color: Colour,
}

const EXAMPLES: &str = "Examples:
  rehearsal run                                    every scenario, on a model of the newest release
  rehearsal run --cluster local:v1.36              every scenario, on a real control plane of v1.36
  rehearsal run --cluster context:staging FILE     one scenario, on a cluster of your kubeconfig
  rehearsal record --cluster local:v1.36 FILE      propose its answers as snapshots
  rehearsal review                                 look at what is proposed, accept or reject it
  rehearsal diff v1.23 v1.24                       what changes between two versions, without a cluster
  rehearsal upgrade --from v1.31 --to v1.33 DIR    what an upgrade does to manifests of your own
  rehearsal init                                   begin: a first scenario, a test file
  rehearsal lint                                   every mistake of every file, without a cluster

Exit codes: 0 all held, 1 wrong usage (or two versions differ), 2 a scenario has mistakes, 3 could not be run to the end, 4 an answer was not \
as recorded or expected, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and hold their answers against the snapshots.
    Run(run::RunArgs),
    /// Run scenarios and propose their answers as snapshots of that version.
    Record(record::RecordArgs),
    /// Look at proposed snapshots, accept or reject them.
    Review(review::ReviewArgs),
    /// Make one report of several, and learn from reports how long scenarios take.
    Report(report::ReportArgs),
    /// Find every mistake in scenarios and snapshots, without a cluster.
    Lint(lint::LintArgs),
    /// Put snapshot files right where that needs no cluster: after a merge, or when a range was narrowed.
    Prune(lint::PruneArgs),
    /// List scenarios, the versions they are about and the versions they were recorded on.
    List(list::ListArgs),
    /// Show what changes for the scenarios between two versions, without a cluster.
    Diff(diff::DiffArgs),
    /// Rehearse an upgrade of your own manifests: what is refused, changed or gone afterwards.
    Upgrade(upgrade::UpgradeArgs),
    /// Find what two clusters answer differently, with calls that nobody wrote.
    Explore(explore::ExploreArgs),
    /// Write the atlas: what every scenario shows on which version, as Markdown pages and as a page for a browser.
    Docs(docs::DocsArgs),
    /// Explain the scenario language: every word of it, or one.
    Explain(explain::ExplainArgs),
    /// Begin: a first scenario, its schema for editors, and a test file for a Rust project.
    Init(init::InitArgs),
    /// Print the JSON Schema of scenarios, for editors.
    Schema(schema::SchemaArgs),
    /// Install, start, stop and list local control planes and kind clusters.
    Cluster(cluster::ClusterArgs),
    /// Print the manual page, or write one for each command.
    Man(man::ManArgs),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always, also into a pipe.
    Always,
    /// Never.
    Never,
}

/// Where a command's output goes: colours are taken out where they are not wanted.
struct Terminal {
    out: WhileRead<AutoStream<std::io::Stdout>>,
    err: WhileRead<AutoStream<std::io::Stderr>>,
}

/// Writes as long as somebody reads. A reader that has seen enough (`| head -1`) is no failure, and the exit code still
/// says what came of it.
struct WhileRead<W> {
    out: W,
    is_read: bool,
}

impl<W> WhileRead<W> {
    fn new(out: W) -> Self {
        Self { out, is_read: true }
    }

    fn unless_gone<T>(&mut self, done: std::io::Result<T>, instead: T) -> std::io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_read = false;
                Ok(instead)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for WhileRead<W> {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        let done = if self.is_read { self.out.write(text) } else { Ok(text.len()) };
        self.unless_gone(done, text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let done = if self.is_read { self.out.flush() } else { Ok(()) };
        self.unless_gone(done, ())
    }
}

impl Terminal {
    fn new(colour: Colour) -> Self {
        let choice = match colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        };
        let (out, err) = (AutoStream::new(std::io::stdout(), choice), AutoStream::new(std::io::stderr(), choice));
        Self { out: WhileRead::new(out), err: WhileRead::new(err) }
    }
}

/// Runs the program with the arguments and the environment of this process.
pub fn main() -> ExitCode {
    run_with(std::env::args_os(), &Environment::read())
}

fn run_with(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers (0); clap's own 2 would read as a mistake in a scenario.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = error.print();
            return exit.into();
        }
    };
    let mut terminal = Terminal::new(arguments.color);
    let outcome = match arguments.command {
        Command::Run(args) => run::run(&args, environment, &mut terminal),
        Command::Record(args) => record::run(&args, environment, &mut terminal),
        Command::Review(args) => review(&args, &mut terminal),
        Command::Report(args) => report::run(&args, &mut terminal),
        Command::Lint(args) => lint::run(&args, &mut terminal),
        Command::List(args) => list::run(&args, &mut terminal),
        Command::Diff(args) => diff::run(&args, &mut terminal),
        Command::Upgrade(args) => upgrade::run(&args, &mut terminal),
        Command::Explore(args) => explore::run(&args, &mut terminal),
        Command::Docs(args) => docs::run(&args, &mut terminal),
        Command::Prune(args) => lint::prune(&args, &mut terminal),
        Command::Explain(args) => explain::run(&args, &mut terminal),
        Command::Cluster(args) => cluster(args, environment, &mut terminal),
        Command::Init(args) => init::run(&args, &mut terminal),
        Command::Schema(schema::SchemaArgs {}) => schema::run(&mut terminal),
        Command::Man(args) => man::run(&args, &mut terminal),
        Command::Completions(args) => completions::run(&args, &mut terminal),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // Nobody is left to tell when standard error itself is gone.
            let _ = failure.print(&mut terminal.err).and_then(|()| terminal.err.flush());
            failure.exit().into()
        }
    }
}

fn review(args: &review::ReviewArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let store = Store::open(args.snapshots.clone());
    let is_person = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let mut input = std::io::stdin().lock();
    let coloured = true;
    let mut terminal =
        review::Terminal { out: &mut terminal.out, coloured, input: if is_person { Some(&mut input) } else { None } };
    review::run(args, &store, &mut terminal).map_err(|error| Failure::Error {
        message: error.to_string(),
        help: None,
        exit: Exit::CouldNotRun,
    })?;
    Ok(Exit::Ok)
}

fn cluster(args: cluster::ClusterArgs, environment: &Environment, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(cluster::run(args, environment, &mut terminal.out, &mut terminal.err));
    done.map_err(|error| Failure::of(&error, error.exit()))?;
    Ok(Exit::Ok)
}
