//! What Rehearsal costs beside the calls it makes: `cargo bench`, or `cargo bench --bench overhead -- steps --check`.
//!
//! Four parts, each against the same work done without us, in interleaved pairs: a whole run as a process, many scenarios
//! at once, our own work per step, and the start of a control plane. `docs/benchmarks.md` says what the figures mean.

mod bare;
mod boot;
mod calls;
mod crowd;
#[path = "../shared/figures.rs"]
mod figures;
mod pairs;
mod process;
mod steps;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use figures::{Verdict, ended, machine};
use rehearsal::cluster::{self, Assets, ClusterSpec, Home, OpenOptions};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Of what takes milliseconds.
const PAIRS: usize = 50;

const USAGE: &str =
    "usage: cargo bench --bench overhead -- [process] [crowd] [steps] [boot] [--kind KIND] [--pairs N] [--check]
  parts that are not named are left out, all run if none is; --check ends with 1 if a limit is not kept";

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was asked for.
struct Arguments {
    parts: Vec<String>,
    /// The only kind of step to be measured.
    kind: Option<String>,
    /// How many pairs; otherwise as many as a part needs.
    pairs: Option<usize>,
    check: bool,
}

fn main() -> ExitCode {
    if let Some(code) = cluster::hook() {
        return code;
    }
    ended(arguments().and_then(|arguments| run(&arguments)))
}

fn arguments() -> Outcome<Arguments> {
    let mut read = Arguments { parts: Vec::new(), kind: None, pairs: None, check: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--check" => read.check = true,
            "--kind" => read.kind = Some(words.next().ok_or(USAGE)?),
            "--pairs" => read.pairs = Some(words.next().ok_or(USAGE)?.parse().map_err(|_| USAGE)?),
            "process" | "crowd" | "steps" | "boot" => read.parts.push(word),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(read)
}

fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let wanted = |part: &str| arguments.parts.is_empty() || arguments.parts.iter().any(|named| named == part);
    let mut out = io::stdout().lock();
    let mut verdicts = Vec::new();
    let pairs = |usual: usize| arguments.pairs.unwrap_or(usual);
    writeln!(out, "{}", machine())?;
    if wanted("steps") {
        verdicts.extend(steps::measure(arguments.kind.as_deref(), pairs(PAIRS), &mut out)?);
    }
    if wanted("process") {
        verdicts.push(process::measure(&control_plane()?, pairs(PAIRS), &mut out)?);
    }
    if wanted("crowd") {
        verdicts.extend(crowd::measure(&control_plane()?, pairs(crowd::PAIRS), &mut out)?);
    }
    if wanted("boot") {
        verdicts.push(boot::measure(&control_plane()?, &mut out)?);
    }
    writeln!(out, "\n{}", machine())?;
    let exceeded = verdicts.iter().filter(|verdict| **verdict == Verdict::Exceeded).count();
    writeln!(out, "{} of {} limits kept", verdicts.len() - exceeded, verdicts.len())?;
    Ok(if arguments.check && exceeded > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The newest control plane that is installed: the one the snapshots of `cargo bench`'s scenario were last recorded on.
fn control_plane() -> Outcome<Assets> {
    let installed = cluster::installed(&Home::from_env()?)?;
    installed
        .into_iter()
        .next_back()
        .ok_or_else(|| "no control plane is installed: ci/control-plane/build v1.36".into())
}

/// A local cluster of exactly these programs.
fn spec(assets: &Assets) -> ClusterSpec {
    ClusterSpec::Local(cluster::Release::Exact(assets.version.clone()))
}

/// Folders of our own for running clusters, beside the control planes that are installed.
fn home(assets: &Assets, state: &std::path::Path) -> Outcome<Home> {
    let cache = assets.folder.ancestors().nth(2).ok_or("the control plane lies in no cache")?;
    Ok(Home::new(cache, state))
}

/// How such a cluster is opened by us.
fn on(assets: &Assets, state: &std::path::Path) -> Outcome<OpenOptions> {
    Ok(OpenOptions {
        home: Some(home(assets, state)?),
        keeper: Some(env!("CARGO_BIN_EXE_rehearsal").into()),
        ..OpenOptions::default()
    })
}
