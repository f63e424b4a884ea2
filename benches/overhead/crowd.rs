//! Two hundred copies of `tokens/pod-bound` at once on one running cluster, as one `rehearsal run`, against their calls made
//! at once by a bare client: what it takes longer, and what memory it takes at most.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use futures_util::future;
use http::Method;
use rehearsal::action::Pace;
use rehearsal::cluster::{self, Assets};

use super::bare::{client, config, send};
use super::calls::{Calls, SCENARIO, pod, project};
use super::figures::{Figures, Verdict};
use super::pairs::Pairs;
use super::{Outcome, on, spec};

/// Each pair takes a minute: the Namespaces of one side are gone before the other begins.
pub(crate) const PAIRS: usize = 5;
const COPIES: usize = 200;
const LIMIT: f64 = 1.2;
const LIMIT_MB: f64 = 80.0;
/// Between two looks at the memory of our process.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) fn measure(assets: &Assets, pairs: usize, out: &mut impl Write) -> Outcome<[Verdict; 2]> {
    let spec = spec(assets);
    writeln!(
        out,
        "\ncrowd: {COPIES} copies of {SCENARIO} at once on {spec}, against their calls sent bare ({pairs} pairs)"
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (state, copies) = (tempfile::tempdir()?, tempfile::tempdir()?);
    write_copies(copies.path())?;
    let running = runtime.block_on(cluster::open(&spec, &on(assets, state.path())?))?;
    let config = runtime.block_on(config(&running))?;
    let audience = running.audience().ok_or("the cluster has no audience")?;
    let pod = pod()?;
    let rest = || {
        let client = || client(config.clone());
        runtime.block_on(async { until_gone(&client()?).await })
    };

    let mut memory = Figures::default();
    let ours = |_| {
        let said = copies.path().join("said");
        let start = Instant::now();
        let mut run = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
            .args(["run", "--cluster", &format!("local:{}", assets.version), "--jobs", &COPIES.to_string()])
            .current_dir(copies.path())
            .env("REHEARSAL_STATE", state.path())
            .stdout(File::create(&said)?)
            .spawn()?;
        let (status, peak) = watched(&mut run)?;
        let took = start.elapsed();
        if !status.success() {
            return Err(format!("{status}: {}", std::fs::read_to_string(said)?).into());
        }
        memory.add_value(peak);
        rest()?;
        Ok(took)
    };
    let bare = |index| {
        // One for all, as ours has it: it makes as many connections as requests are on their way.
        let client = runtime.block_on(async { client(config.clone()) })?;
        let calls = (0..COPIES).map(|copy| Calls {
            client: client.clone(),
            namespace: format!("token-demo-bare-{index}-{copy}"),
            audience,
            pod: &pod,
            longest_pause: Pace::WAITING.longest,
        });
        let start = Instant::now();
        let came = runtime.block_on(future::join_all(calls.map(async |calls| calls.pod_bound().await)));
        let took = start.elapsed();
        came.into_iter().collect::<Outcome<()>>()?;
        rest()?;
        Ok(took)
    };
    let taken = Pairs::take(pairs, ours, bare)?;
    taken.show(out)?;
    Ok([taken.ratios().judge("ratio", "times", LIMIT, out)?, memory.judge("peak memory", "MB", LIMIT_MB, out)?])
}

/// A project of nothing but copies, each with what is recorded of the scenario.
fn write_copies(folder: &Path) -> Outcome<()> {
    for copy in 0..COPIES {
        let (scenario, snapshots) =
            (format!("scenarios/pod-bound-{copy:03}"), format!("snapshots/pod-bound-{copy:03}"));
        copy_folder(&project("scenarios/tokens/pod-bound"), &folder.join(&scenario))?;
        copy_folder(&project("snapshots/tokens/pod-bound"), &folder.join(snapshots))?;
        std::fs::copy(project(SCENARIO), folder.join(scenario + ".yaml"))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::create_dir_all(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Waits for a process; how it ended, and the megabytes it had at most.
fn watched(child: &mut Child) -> Outcome<(ExitStatus, f64)> {
    let mut peak = 0.0;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, peak));
        }
        peak = memory(child.id()).unwrap_or(peak);
        std::thread::sleep(LOOK);
    }
}

/// The high-water mark that the kernel keeps of a process; none of one that has just ended.
fn memory(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = mark.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Until no Namespace of either side is left: that they go keeps the control plane busy for a while.
async fn until_gone(client: &kube::Client) -> Outcome<()> {
    loop {
        let listed = send(client, Method::GET, "/api/v1/namespaces", None).await?.done()?;
        let names = listed["items"].as_array().into_iter().flatten();
        let mut names = names.filter_map(|item| item["metadata"]["name"].as_str());
        if !names.any(|name| name.starts_with("token-demo")) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
