//! `rehearsal run` of `tokens/pod-bound` on the newest model as a process, from its start to its end.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Outcome;
use super::figures::{Figures, Verdict};

const LIMIT_MS: f64 = 50.0;
pub(crate) const RUNS: usize = 50;
const SCENARIO: &str = "scenarios/tokens/pod-bound.yaml";

pub(crate) fn measure(runs: usize, out: &mut impl Write) -> Outcome<Verdict> {
    writeln!(out, "\nwhole process: {SCENARIO} on embedded ({runs} runs)")?;
    let home = tempfile::tempdir()?;
    let run = || -> Outcome<Duration> {
        let start = Instant::now();
        let run = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--cluster", "embedded", SCENARIO])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("REHEARSAL_CACHE", home.path())
            .env("REHEARSAL_STATE", home.path())
            .output()?;
        let took = start.elapsed();
        if !run.status.success() {
            let said = [run.stdout, run.stderr].concat();
            return Err(format!("{}: {}", run.status, String::from_utf8_lossy(&said)).into());
        }
        Ok(took)
    };
    // Makes the key, and has the kernel read the files.
    run()?;
    let mut figures = Figures::default();
    for _ in 0..runs {
        figures.add(run()?);
    }
    figures.judge("process", "ms", LIMIT_MS, out)
}
