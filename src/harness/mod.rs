//! `cargo test`: one test a scenario and cluster, through libtest-mimic, so that filters, `--list` and nextest work.
//!
//! Which tests there are is decided without a cluster, and alike for listing and for running: nextest runs each test in
//! a process of its own and counts what is skipped at run time as passed. All selected scenarios run at once in the
//! background; each test only waits for its outcome, or two cores would mean two scenarios at a time.
//!
//! In the tests of a project it is one line, [`harness!`](crate::harness!).

mod rehearse;
mod skipped;
mod targets;

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};

use camino::Utf8Path;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::cli::Environment;
use crate::cluster;
use crate::run::Trouble;
use crate::scenario::{self, ScenarioFile};
use crate::shard::{Durations, FILE_NAME, Partition};
use crate::snapshot::{NameError, ScenarioId, Store, UpdatePolicy};
use crate::version::Minor;
use rehearse::{Verdict, Wanted, rehearse};
use skipped::Skipped;
use targets::{cases, targets};

/// What is told where snapshots would come from a model.
const NOT_FROM_A_MODEL: &str = "INSTA_UPDATE would accept what an embedded control plane answers: snapshots come from real \
                                ones\n\
                                help: name one, as in REHEARSAL_CLUSTER=local:v1.36";

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
/// There is one test for each file below `scenarios/` and each minor that any of them was recorded on, on a model of it inside
/// the test (of the newest where nothing was recorded); or for each cluster that the environment variable
/// `REHEARSAL_CLUSTER` names, as `local:v1.36` for a real control plane. Filters, `--list` and nextest work. With
/// `REHEARSAL_SHARD=2/5` they are those of the second of five machines. Other folders than `scenarios` and
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

/// Runs the scenarios of a package as tests. `REHEARSAL_CLUSTER` says on which clusters; without it, on a model of every
/// minor that anything was recorded on.
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
    if policy.accepts() && targets.iter().any(|target| target.spec.is_embedded()) {
        return Err(NOT_FROM_A_MODEL.to_owned());
    }
    let files = part(files, environment, store.root())?;
    let cases = cases(&files, &targets);

    let mut trials = Vec::new();
    let mut wanted = Vec::new();
    let skipped = Skipped::default();
    for case in cases {
        let ignored = case.ignored();
        let not_modelled = ignored.is_none().then(|| case.not_modelled()).flatten();
        let (verdict, waiting) = mpsc::channel();
        let trial = Trial::test(case.name.clone(), move || wait(&waiting))
            .with_ignored_flag(ignored.is_some() || not_modelled.is_some());
        if !arguments.list && !arguments.is_filtered_out(&trial) {
            if let Some(reason) = &not_modelled {
                skipped.ignored(reason);
            }
            match ignored.or(not_modelled) {
                _ if arguments.is_ignored(&trial) => {}
                None => wanted.push(Wanted { case, verdict }),
                // Asked for with --ignored all the same.
                Some(reason) => drop(verdict.send(Err(reason))),
            }
        }
        trials.push(trial);
    }

    let conclusion = std::thread::scope(|scope| {
        scope.spawn(|| rehearse(wanted, &store, policy, environment.ci, images, &skipped));
        libtest_mimic::run(arguments, trials)
    });
    // Nobody is left to tell when standard error itself is gone.
    let _ = skipped.tell(&mut io::stderr());
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

fn wait(waiting: &Receiver<Verdict>) -> Result<(), Failed> {
    let verdict = waiting.recv().unwrap_or_else(|_| Err("the run ended before this scenario".to_owned()));
    verdict.map_err(Failed::from)
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
    fn nothing_is_accepted_from_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::at(folder.path().to_str().unwrap());
        std::fs::create_dir(folder.path().join("scenarios")).unwrap();
        let text = "scenario: x\nsteps: [{get: {kind: Node, name: n}}]\n";
        std::fs::write(folder.path().join("scenarios/x.yaml"), text).unwrap();
        let arguments = Arguments { list: true, quiet: true, ..Arguments::default() };
        let run = |update: &str, clusters: Option<&str>| {
            let (insta_update, clusters) = (Some(update.to_owned()), clusters.map(str::to_owned));
            run(&project, &arguments, &Environment { clusters, insta_update, ..Environment::default() }).err()
        };
        for update in ["always", "unseen", "force"] {
            assert_eq!(run(update, None).as_deref(), Some(NOT_FROM_A_MODEL));
        }
        assert_eq!(run("new", None), None);
        assert_eq!(run("always", Some("context:x")), None);
    }

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
