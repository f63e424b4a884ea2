//! `rehearsal run` of `tokens/pod-bound` as a process, from its start to its end, against the same calls on one fresh
//! connection of a program that is warm.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use rehearsal::cluster::{self, Assets};

use super::bare::{client, config};
use super::calls::{Calls, SCENARIO, pod};
use super::figures::Verdict;
use super::pairs::Pairs;
use super::{Outcome, on, spec};

const LIMIT_MS: f64 = 15.0;
/// Between two looks of the bare side at something that another component does.
const PAUSE: Duration = Duration::from_millis(1);
/// After each run: a Namespace that goes keeps the control plane busy, which would be in the figures of the next.
const REST: Duration = Duration::from_millis(500);

pub(crate) fn measure(assets: &Assets, pairs: usize, out: &mut impl Write) -> Outcome<Verdict> {
    let (version, spec) = (&assets.version, spec(assets));
    writeln!(out, "\nwhole process: {SCENARIO} on {spec}, against its calls sent bare ({pairs} pairs)")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let state = tempfile::tempdir()?;
    let running = runtime.block_on(cluster::open(&spec, &on(assets, state.path())?))?;
    let config = runtime.block_on(config(&running))?;
    let audience = running.audience().ok_or("the cluster has no audience")?;
    let pod = pod()?;

    let ours = |_| {
        let start = Instant::now();
        let run = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--cluster", &format!("local:{version}"), SCENARIO])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("REHEARSAL_STATE", state.path())
            .output()?;
        let took = start.elapsed();
        if !run.status.success() {
            let said = [run.stdout, run.stderr].concat();
            return Err(format!("{}: {}", run.status, String::from_utf8_lossy(&said)).into());
        }
        std::thread::sleep(REST);
        Ok(took)
    };
    let bare = |index| {
        // Its connection is made by the first request: within the time.
        let client = runtime.block_on(async { client(config.clone()) })?;
        let namespace = format!("token-demo-bare-{index}");
        let calls = Calls { client, namespace, audience, pod: &pod, longest_pause: PAUSE };
        let start = Instant::now();
        runtime.block_on(calls.pod_bound())?;
        let took = start.elapsed();
        std::thread::sleep(REST);
        Ok(took)
    };
    let taken = Pairs::take(pairs, ours, bare)?;
    taken.show(out)?;
    taken.differences(1.0).judge("difference", "ms", LIMIT_MS, out)
}
