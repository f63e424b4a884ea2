//! How fast the embedded control planes are: `cargo bench --bench embedded`.
//!
//! Three parts: from nothing to one that is ready, `tokens/pod-bound` as a process, and all scenarios about tokens on the
//! models of all versions, as `cargo test` runs them. `docs/benchmarks.md` says what the figures mean.

#[path = "../shared/figures.rs"]
mod figures;
mod process;
mod ready;
mod tokens;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use figures::{Verdict, ended, machine};

/// As the program and the test have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: cargo bench --bench embedded -- [ready] [process] [tokens] [--runs N] [--check]
  parts that are not named are left out, all run if none is; --check ends with 1 if a limit is not kept";

/// What was asked for.
struct Arguments {
    parts: Vec<String>,
    /// How often a part is measured; otherwise as often as it needs.
    runs: Option<usize>,
    check: bool,
}

fn main() -> ExitCode {
    ended(arguments().and_then(|arguments| run(&arguments)))
}

fn arguments() -> Outcome<Arguments> {
    let mut read = Arguments { parts: Vec::new(), runs: None, check: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--check" => read.check = true,
            "--runs" => read.runs = Some(words.next().ok_or(USAGE)?.parse().map_err(|_| USAGE)?),
            "ready" | "process" | "tokens" => read.parts.push(word),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(read)
}

fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let wanted = |part: &str| arguments.parts.is_empty() || arguments.parts.iter().any(|named| named == part);
    let mut out = io::stdout().lock();
    let mut verdicts = Vec::new();
    writeln!(out, "{}", machine())?;
    if wanted("ready") {
        verdicts.push(ready::measure(&mut out)?);
    }
    if wanted("process") {
        verdicts.push(process::measure(arguments.runs.unwrap_or(process::RUNS), &mut out)?);
    }
    if wanted("tokens") {
        verdicts.push(tokens::measure(arguments.runs.unwrap_or(tokens::RUNS), &mut out)?);
    }
    writeln!(out, "\n{}", machine())?;
    let exceeded = verdicts.iter().filter(|verdict| **verdict == Verdict::Exceeded).count();
    writeln!(out, "{} of {} limits kept", verdicts.len() - exceeded, verdicts.len())?;
    Ok(if arguments.check && exceeded > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
