//! `rehearsal upgrade`: manifests of a user, rehearsed through an upgrade.

use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Exit, Failure, Terminal};
use crate::cluster::{self, ClusterSet, Release};
use crate::guard;
use crate::upgrade::{self, Course, End, Event, Input, Report};

/// Arguments of `upgrade`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal upgrade --from v1.31 --to v1.33 manifests/
  helm template my-chart | rehearsal upgrade --from v1.31 --to v1.33 -
  kubectl get deployments,services,ingresses -A -o yaml | rehearsal upgrade --from v1.31 --to v1.33 -
  rehearsal upgrade --from v1.31 --to v1.33 --output markdown manifests/ >> \"$GITHUB_STEP_SUMMARY\"

The manifests are applied to a control plane of their own, which is upgraded one minor at a time; after each, every object \
is looked at and its manifest tried again. What only a server writes (status, uid, addresses) is dropped, and what controllers \
make is left out and named. Values of Secrets are never shown.

Exit codes: 0 nothing needs attention, 1 something does (or wrong usage), 2 the manifests have mistakes, 3 it could not be \
rehearsed to the end, 130 interrupted.")]
pub(super) struct UpgradeArgs {
    /// The version that the manifests are applied to: v1.31, or v1.31.4.
    #[arg(long, value_name = "VERSION", value_parser = release)]
    from: Release,
    /// The version that is upgraded to in the end, one minor at a time.
    #[arg(long, value_name = "VERSION", value_parser = release)]
    to: Release,
    /// Files, folders with all that is in them, or `-` for standard input.
    #[arg(value_name = "FILE|DIR|-", required = true)]
    paths: Vec<Utf8PathBuf>,
    /// The Namespace of objects that name none.
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// Leave the upgraded cluster running, and say where its kubeconfig is.
    #[arg(long)]
    keep: bool,
    /// How to show what comes of it.
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Human,
    /// One Markdown document: a table, and every finding in full.
    Markdown,
    /// One JSON document.
    Json,
    /// One page for a browser, in one file.
    Html,
}

fn release(text: &str) -> Result<Release, String> {
    text.parse().map_err(|error: crate::version::VersionError| format!("{error}: {}", error.help))
}

pub(super) fn run(args: &UpgradeArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let way = args.way()?;
    let input = upgrade::read(&args.paths, || {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    })?;
    if input.manifests.is_empty() {
        return Err(nothing(&input));
    }
    // Of the minors between all have to be there before anything is started.
    cluster::named(&[way]).map_err(|error| Failure::could_not_run(&error))?;
    let report = args.rehearse(&input, terminal)?;
    let Some(report) = report else { return Ok(Exit::Interrupted) };
    args.output.write(&report, &mut terminal.out)?;
    Ok(exit(&report))
}

fn nothing(input: &Input) -> Failure {
    let (message, help) = match input.left_out.first() {
        Some(left) => (
            format!("there is nothing to rehearse: what was given is left out, as {}", left.object),
            format!("of that, {}", left.why),
        ),
        None => ("there is no object in what was given".to_owned(), "name files with manifests, or `-`".to_owned()),
    };
    Failure::Error { message, help: Some(help), exit: Exit::Parse }
}

/// What could not be rehearsed comes before what was found: the list of findings is then not whole.
fn exit(report: &Report) -> Exit {
    match report.end {
        End::Interrupted | End::Running => Exit::Interrupted,
        End::Failed { .. } => Exit::CouldNotRun,
        End::Whole if report.needs_attention() => Exit::DIFFERS,
        End::Whole => Exit::Ok,
    }
}

impl UpgradeArgs {
    /// The minors on the way, if there is one.
    fn way(&self) -> Result<ClusterSet, Failure> {
        upgrade::way(&self.from, &self.to).map_err(|error| {
            Failure::usage(error.to_string(), "name the older minor first, as in `--from v1.31 --to v1.33`")
        })
    }

    fn rehearse(&self, input: &Input, terminal: &mut Terminal) -> Result<Option<Report>, Failure> {
        let course =
            Course { from: self.from.clone(), to: self.to.clone(), namespace: self.namespace.clone(), keep: self.keep };
        let line = line();
        let is_human = self.output == Format::Human;
        let out = std::cell::RefCell::new((&mut terminal.out, Ok(())));
        let hear = |event: Event<'_>| match event {
            Event::Doing(doing) => line.set_message(doing.to_owned()),
            Event::Opened(what) if is_human => line.suspend(|| {
                let (out, done) = &mut *out.borrow_mut();
                let (count, to) = (input.manifests.len(), &self.to);
                let objects = if count == 1 { "1 object".to_owned() } else { format!("{count} objects") };
                let said = writeln!(out, "rehearsing {objects}: {what}, is upgraded to {to}, one minor at a time");
                *done = said.and_then(|()| out.flush());
            }),
            Event::Opened(_) => {}
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let done = runtime.block_on(course.run(input, &hear));
        runtime.shutdown_background();
        line.finish_and_clear();
        out.into_inner().1?;
        done.map_err(|error| Failure::could_not_run(&error))
    }
}

impl Format {
    /// Whatever a server said has gone through a guard already; this is the last one.
    fn write(self, report: &Report, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Human => {
                let mut text = Vec::new();
                upgrade::human(report, &mut text)?;
                write!(out, "{}", guard::scrub(&String::from_utf8_lossy(&text)))?;
            }
            Self::Markdown => write!(out, "{}", guard::scrub(&upgrade::markdown(report)))?,
            Self::Json => {
                let mut document = upgrade::json(report);
                guard::scrub_texts(&mut document);
                writeln!(out, "{document:#}")?;
            }
            Self::Html => write!(out, "{}", upgrade::html(report))?,
        }
        out.flush()
    }
}

/// What is being done right now, on standard error and only on a terminal.
fn line() -> ProgressBar {
    let is_terminal = io::stderr().is_terminal();
    let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let line = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {wide_msg}") {
        line.set_style(style);
    }
    if is_terminal {
        line.enable_steady_tick(Duration::from_millis(100));
    }
    line
}
