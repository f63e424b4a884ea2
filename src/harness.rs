//! `cargo test`: one test a scenario and cluster, through libtest-mimic, so that filters, `--list` and nextest work.
//!
//! Which tests there are is decided without a cluster, and alike for listing and for running: nextest runs each test in
//! a process of its own and counts what is skipped at run time as passed. All selected scenarios run at once in the
//! background; each test only waits for its outcome, or two cores would mean two scenarios at a time.
//!
//! In the tests of a project it is one line, [`harness!`](crate::harness!).

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::Utf8Path;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::cli::Environment;
use crate::cluster::{self, ClusterSpec, Home, Images, Linger, OpenOptions, Release};
use crate::report::{Human, Reporter};
use crate::run::{Event, ScenarioOutcome, Settings, Status, Suite, Trouble};
use crate::scenario::{self, ScenarioFile};
use crate::shard::{Durations, FILE_NAME, Partition};
use crate::snapshot::{Difference, NameError, ScenarioId, Store, Update, UpdatePolicy};
use crate::version::{Minor, Version};

/// How long a cluster waits for the next test process before it stops: nextest starts one a test.
const LINGER: Duration = Duration::from_secs(20);

/// One test: a scenario on a cluster.
struct Case<'a> {
    name: String,
    file: &'a ScenarioFile,
    target: Target,
}

/// A cluster that tests are for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    spec: ClusterSpec,
    /// Before the `::` of a test's name.
    label: String,
    /// The version it will answer with, where that is known beforehand.
    version: Option<Version>,
    /// Why it is not there.
    missing: Option<String>,
}

/// What is told where nothing is installed, named or recorded.
const NOWHERE: &str = "there is no cluster to rehearse on: no control plane is installed, and nothing was recorded on one\n\
                       help: name a cluster, as in REHEARSAL_CLUSTER=context:NAME, or install a control plane: \
                       rehearsal cluster install v1.36";

/// What a test waits for.
type Verdict = Result<(), String>;

/// The scenarios of the package that this stands in, as its tests: the whole of a file such as `tests/scenarios.rs`.
///
/// ```rust,ignore
/// rehearsal::harness!();
/// ```
///
/// It is the `main` of the test, so the `Cargo.toml` of the package says that the test brings its own:
///
/// ```toml
/// [dev-dependencies]
/// rehearsal = "0.1"
///
/// [[test]]
/// name = "scenarios"
/// harness = false
/// ```
///
/// There is one test for each file below `scenarios/` and each control plane that is installed, or each cluster that the
/// environment variable `REHEARSAL_CLUSTER` names; filters, `--list` and nextest work. With `REHEARSAL_SHARD=2/5` they are those
/// of the second of five machines. Other folders than `scenarios` and
/// `snapshots` are named by their paths from that of the `Cargo.toml`:
///
/// ```rust,ignore
/// rehearsal::harness!(scenarios = "rehearsals", snapshots = "rehearsals/snapshots");
/// ```
///
/// # Two things to know
///
/// - Cargo builds one `k8s-openapi` of a version for all packages that are built together, and it can be of one Kubernetes
///   version only. This package asks for its feature `latest`. One that asks for another of the same release, as `v1_35`, does not
///   compile beside it: have the scenarios in a package of their own, in no workspace with the other.
/// - A local control plane begins with an RSA key, which takes seconds in an unoptimised build. This in the `Cargo.toml` of the
///   root of the workspace makes it a tenth of one:
///
///   ```toml
///   [profile.dev.package.num-bigint-dig]
///   opt-level = 3
///   [profile.dev.package.rsa]
///   opt-level = 3
///   ```
#[macro_export]
macro_rules! harness {
    ($($folder:ident = $path:expr),* $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            let here = $crate::harness::Project::at(::core::env!("CARGO_MANIFEST_DIR"));
            $crate::harness::main(&$crate::harness::Project { $($folder: $path,)* ..here })
        }
    };
}

/// Where the scenarios and snapshots of a package are.
#[derive(Debug, Clone, Copy)]
pub struct Project<'a> {
    /// The folder of the package.
    pub folder: &'a str,
    /// That of its scenarios, from there.
    pub scenarios: &'a str,
    /// That of its snapshots, from there.
    pub snapshots: &'a str,
}

impl<'a> Project<'a> {
    /// A package with its scenarios in `scenarios` and its snapshots in `snapshots`.
    pub const fn at(folder: &'a str) -> Self {
        Self { folder, scenarios: "scenarios", snapshots: "snapshots" }
    }
}

/// Runs the scenarios of a package as tests. `REHEARSAL_CLUSTER` says on which clusters; without it, on every control
/// plane that is installed.
pub fn main(project: &Project<'_>) -> ExitCode {
    if let Some(code) = cluster::hook() {
        return code;
    }
    let arguments = Arguments::from_args();
    match run(project, &arguments, &Environment::read()) {
        Ok(code) => code,
        Err(message) => {
            // Nobody is left to tell when standard error itself is gone.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::from(2)
        }
    }
}

fn run(project: &Project<'_>, arguments: &Arguments, environment: &Environment) -> Result<ExitCode, String> {
    // `cargo test` runs in the project's folder: paths are then shown as a person would write them.
    let is_here = std::env::current_dir().is_ok_and(|here| here == Utf8Path::new(project.folder));
    let folder = Utf8Path::new(if is_here { "" } else { project.folder });
    let files = scenario::load(&[folder.join(project.scenarios)]).map_err(|mistakes| mistakes.render(false))?;
    let store = Store::open(folder.join(project.snapshots));
    if let Some(references) = &environment.insta_references {
        store.reference(&ids(&files)?, references).map_err(|error| error.to_string())?;
    }
    let policy = UpdatePolicy::from(environment.insta_update.as_deref(), environment.ci);
    let policy = policy.map_err(|error| format!("INSTA_UPDATE: {error}"))?;
    let recorded = recorded(&files, &store)?;
    let images = environment.images().map_err(|error| format!("REHEARSAL_NODE_IMAGE: {error}"))?;
    let targets = targets(environment, &recorded, &images)?;
    if targets.is_empty() {
        // No test at all would be a run that passes.
        return Err(NOWHERE.to_owned());
    }
    let files = part(files, environment, store.root())?;
    let cases = cases(&files, &targets);

    let mut trials = Vec::new();
    let mut wanted = Vec::new();
    for case in cases {
        let ignored = case.ignored();
        let (verdict, waiting) = mpsc::channel();
        let trial = Trial::test(case.name.clone(), move || wait(&waiting)).with_ignored_flag(ignored.is_some());
        let is_wanted = !arguments.list && !arguments.is_filtered_out(&trial) && !arguments.is_ignored(&trial);
        if is_wanted {
            match ignored {
                None => wanted.push(Wanted { case, verdict }),
                // Asked for with --ignored all the same.
                Some(reason) => drop(verdict.send(Err(reason))),
            }
        }
        trials.push(trial);
    }

    let conclusion = std::thread::scope(|scope| {
        scope.spawn(|| rehearse(wanted, &store, policy, environment.ci, images));
        libtest_mimic::run(arguments, trials)
    });
    Ok(conclusion.exit_code())
}

/// The scenarios of the shard that `REHEARSAL_SHARD` names: the same on every cluster, and in every process of nextest. The
/// others are no tests at all; ignored ones would be run by whoever asks for those that are.
fn part(
    mut files: Vec<ScenarioFile>,
    environment: &Environment,
    snapshots: &Utf8Path,
) -> Result<Vec<ScenarioFile>, String> {
    let shard = environment.shard().map_err(|error| format!("REHEARSAL_SHARD: {error}"))?;
    let Some(shard) = shard else { return Ok(files) };
    let durations =
        Durations::read_if_there(&snapshots.join(FILE_NAME)).map_err(|error| text(&Trouble::from_error(&error)))?;
    let partition = Partition::new(files.iter().map(ScenarioFile::id), &durations, shard.of());
    files.retain(|file| partition.has(shard, file.id()));
    Ok(files)
}

/// The minors that any of the scenarios was recorded on.
fn recorded(files: &[ScenarioFile], store: &Store) -> Result<BTreeSet<Minor>, String> {
    let mut minors = BTreeSet::new();
    for id in ids(files)? {
        let recorded = store.scenario(&id).map_err(|error| error.to_string())?;
        minors.extend(recorded.versions().map(|version| version.minor));
    }
    Ok(minors)
}

fn ids(files: &[ScenarioFile]) -> Result<Vec<ScenarioId>, String> {
    files.iter().map(|file| file.id().parse().map_err(|error: NameError| error.to_string())).collect()
}

/// The clusters that tests are for: those that are named; else what is installed, and what snapshots were recorded on.
fn targets(environment: &Environment, recorded: &BTreeSet<Minor>, images: &Images) -> Result<Vec<Target>, String> {
    let home = Home::from_env().map_err(|error| error.to_string())?;
    let installed = cluster::installed(&home).map_err(|error| error.to_string())?;
    let installed: Vec<Version> = installed.into_iter().map(|assets| assets.version).collect();
    let newest = |minor: Minor| installed.iter().filter(|version| version.minor == minor).max().cloned();
    let local = |minor: Minor| {
        let version = newest(minor);
        let missing =
            version.is_none().then(|| format!("no control plane of {minor}: rehearsal cluster install {minor}"));
        Target { spec: ClusterSpec::Local(Release::Minor(minor)), label: minor.to_string(), version, missing }
    };
    if environment.clusters.is_none() {
        let minors: BTreeSet<Minor> =
            installed.iter().map(|version| version.minor).chain(recorded.iter().copied()).collect();
        return Ok(minors.into_iter().map(local).collect());
    }
    let named = environment.clusters().map_err(|error| format!("REHEARSAL_CLUSTER: {error}"))?;
    let specs = cluster::named(&named).map_err(|error| text(&Trouble::from_error(&error)))?;
    let target = |spec: ClusterSpec| {
        if let ClusterSpec::Local(Release::Minor(minor)) = &spec {
            return local(*minor);
        }
        let how = OpenOptions { images: images.clone(), ..OpenOptions::default() };
        let version = cluster::version(&spec, &how).ok().flatten();
        Target { label: spec.to_string().replace("::", ":"), spec, version, missing: None }
    };
    Ok(specs.into_iter().map(target).collect())
}

fn cases<'a>(files: &'a [ScenarioFile], targets: &[Target]) -> Vec<Case<'a>> {
    let of = |target: &Target| {
        let target = target.clone();
        files.iter().map(move |file| Case {
            name: format!("{}::{}", target.label, file.id()),
            file,
            target: target.clone(),
        })
    };
    targets.iter().flat_map(of).collect()
}

impl Case<'_> {
    /// Why this test is listed as ignored.
    fn ignored(&self) -> Option<String> {
        let out_of_range = || {
            let version = self.target.version.as_ref()?;
            let range = &self.file.scenario.kubernetes;
            (!range.contains(version)).then(|| format!("about Kubernetes {range}"))
        };
        self.target.missing.clone().or_else(out_of_range)
    }
}

fn wait(waiting: &Receiver<Verdict>) -> Result<(), Failed> {
    let verdict = waiting.recv().unwrap_or_else(|_| Err("the run ended before this scenario".to_owned()));
    verdict.map_err(Failed::from)
}

/// A test that was selected, and where its verdict is waited for.
struct Wanted<'a> {
    case: Case<'a>,
    verdict: Sender<Verdict>,
}

impl Wanted<'_> {
    fn tell(&self, verdict: Verdict) {
        // A test that gave up waiting needs no verdict.
        let _ = self.verdict.send(verdict);
    }
}

/// Runs what is wanted, on as many clusters at once as there is room for, and tells each test its verdict. A test whose
/// sender is dropped fails.
fn rehearse(mut wanted: Vec<Wanted<'_>>, store: &Store, policy: UpdatePolicy, ci: bool, images: Images) {
    let mut clusters = VecDeque::new();
    while let Some(spec) = wanted.first().map(|wanted| wanted.case.target.spec.clone()) {
        let here: Vec<Wanted<'_>> = wanted.extract_if(.., |wanted| wanted.case.target.spec == spec).collect();
        clusters.push_back((spec, here));
    }
    let room = cluster::room().min(clusters.len());
    // A cluster that lingers would take the room of one that is still to start.
    let linger = if clusters.len() > room { Linger::Gone } else { Linger::For(LINGER) };
    let settings = Settings { unrecorded_fails: ci, linger, images, ..Settings::default() };
    let clusters = Mutex::new(clusters);
    let next = || clusters.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        while let Some((spec, here)) = next() {
            let suite = Suite {
                scenarios: here.iter().map(|wanted| wanted.case.file).collect(),
                store,
                settings: settings.clone(),
            };
            if on(spec, &here, &suite, policy).is_break() {
                // Whoever interrupts means the other clusters too; their tests fail as not run.
                while next().is_some() {}
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..room {
            scope.spawn(work);
        }
    });
}

/// Runs what is wanted on one cluster. Breaks if that was interrupted.
fn on(spec: ClusterSpec, here: &[Wanted<'_>], suite: &Suite<'_>, policy: UpdatePolicy) -> ControlFlow<()> {
    let finished = suite.run(&[spec], &mut |event| {
        match event {
            Event::Finished(outcome) => {
                if let Some(wanted) = here.iter().find(|wanted| wanted.case.file.id() == outcome.id) {
                    wanted.tell(verdict(outcome, suite.store, policy));
                }
            }
            Event::ClusterFailed { trouble, scenarios, .. } => {
                for wanted in here.iter().filter(|wanted| scenarios.contains(&wanted.case.file.id())) {
                    wanted.tell(Err(text(trouble)));
                }
            }
            _ => {}
        }
        Ok(())
    });
    match finished {
        Ok(finished) if finished.summary.interrupted => return ControlFlow::Break(()),
        Ok(_) => {}
        Err(error) => here.iter().for_each(|wanted| wanted.tell(Err(error.to_string()))),
    }
    ControlFlow::Continue(())
}

/// Passed or not; an answer that is not the recorded one is proposed for review, as insta's own assertions do.
fn verdict(outcome: &ScenarioOutcome, store: &Store, policy: UpdatePolicy) -> Verdict {
    let difference = match (outcome.has_changed(), outcome.has_unrecorded()) {
        (true, _) => Difference::Changed,
        (false, true) => Difference::Unseen,
        (false, false) => Difference::None,
    };
    let kept = match (policy.on(difference), &outcome.recording) {
        (Update::Nothing, _) | (_, None) => None,
        (Update::Propose, Some(recording)) => {
            recording.propose(store).map_err(|error| error.to_string())?;
            Some("proposed for review: rehearsal review, or cargo insta review\n")
        }
        (Update::Accept, Some(recording)) => {
            recording.record(store).map_err(|error| error.to_string())?;
            Some("recorded, as INSTA_UPDATE says\n")
        }
    };
    if matches!(outcome.status(), Status::Passed | Status::Skipped) {
        return Ok(());
    }
    let mut shown = Vec::new();
    // Writing to memory does not fail.
    let _ = Human::new(&mut shown, false).event(&Event::Finished(outcome));
    let shown = anstream::adapter::strip_bytes(&shown).into_vec();
    Err(String::from_utf8_lossy(&shown).into_owned() + kept.unwrap_or_default())
}

fn text(trouble: &Trouble) -> String {
    match &trouble.help {
        Some(help) => format!("{}\nhelp: {help}", trouble.message),
        None => trouble.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scenario_is_a_test_in_one_shard() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for id in ["a", "b", "c"] {
            let text = "scenario: x\nsteps: [{get: {kind: Node, name: n}}]\n";
            std::fs::write(folder.join(format!("{id}.yaml")), text).unwrap();
        }
        let load = || scenario::load(&["a", "b", "c"].map(|id| folder.join(format!("{id}.yaml")))).unwrap();
        let of = |shard: Option<&str>| {
            let environment = Environment { shard: shard.map(str::to_owned), ..Environment::default() };
            let files = part(load(), &environment, folder)?;
            Ok::<_, String>(files.iter().map(ScenarioFile::id).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of(None).unwrap(), "a b c");
        assert_eq!(["1/2", "2/2"].map(|shard| of(Some(shard)).unwrap()), ["a c", "b"]);
        std::fs::write(folder.join(FILE_NAME), "a: 9s\nb: 2s\nc: 3s\n").unwrap();
        assert_eq!(["1/2", "2/2"].map(|shard| of(Some(shard)).unwrap()), ["a", "b c"]);
        assert_eq!(of(Some("4/4")).unwrap(), "");
        assert!(of(Some("3/2")).unwrap_err().starts_with("REHEARSAL_SHARD: there is no shard `3/2`"));
        std::fs::write(folder.join(FILE_NAME), "a: soon\n").unwrap();
        assert!(of(Some("1/2")).unwrap_err().contains("`soon` of a is no duration"));
    }
}
