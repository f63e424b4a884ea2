//! The models against what real control planes were recorded to say, byte by byte: how much of it they reproduce is
//! counted from the store, so that a scenario which does not run is missed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy knows test functions, not what they share")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use camino::Utf8Path;
use rehearsal::cluster::{self, ClusterSpec, Home, Release};
use rehearsal::run::{ScenarioOutcome, Settings, Status, Suite};
use rehearsal::scenario;
use rehearsal::snapshot::{LookUp, ScenarioId, Series, Store, Text};
use rehearsal::version::{Minor, Version};

/// As the program has it: with the system's allocator a run of many small texts takes a tenth longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is not run on a model, and why: the beginning of its id, and a part of what it is skipped for.
const SKIPPED: [(&str, &str); 2] = [
    // It starts a second controller manager beside the cluster's.
    ("tokens/legacy-token-cleaner.", "needs programs"),
    // It applies a Deployment.
    ("posts/create-token.bearer", "deployments.apps"),
];

/// Why a scenario is skipped whose range leaves a version out: there is nothing to reproduce then.
const OTHER_VERSION: &str = "about Kubernetes ";

/// A snapshot: the version that showed it, the scenario and its step.
type Shown = (Version, ScenarioId, Series);

/// All snapshots of a theme.
fn recorded(store: &Store, theme: &str) -> BTreeMap<Shown, Text> {
    let mut all = BTreeMap::new();
    let of_theme = |id: &ScenarioId| id.to_string().starts_with(&format!("{theme}/"));
    for id in store.scenarios().unwrap().into_iter().filter(of_theme) {
        let recorded = store.scenario(&id).unwrap();
        assert!(recorded.missing().is_empty(), "texts of {id} are lost: {:?}", recorded.missing());
        for step in recorded.change_points().into_keys() {
            for version in recorded.versions() {
                if let LookUp::Seen { text, .. } = recorded.look_up(&step, version) {
                    all.insert((version.clone(), id.clone(), step.clone()), text.clone());
                }
            }
        }
    }
    all
}

/// What the models of all minors answer.
fn answered(store: &Store, theme: &str) -> Vec<ScenarioOutcome> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(theme);
    let files = scenario::load(&[folder]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let suite = Suite { scenarios: files.iter().collect(), store, settings: Settings::default() };
    let clusters: Vec<ClusterSpec> =
        cluster::embedded_minors().map(|minor| ClusterSpec::Embedded(Release::Minor(minor))).collect();
    suite.run(&clusters, &mut |_| Ok(())).unwrap().outcomes
}

/// What came of the snapshots of a version.
#[derive(Default)]
struct Count {
    recorded: usize,
    reproduced: usize,
    /// Those of scenarios that are known not to run.
    left_out: usize,
    without_kubectl: usize,
}

/// Holds a theme against its snapshots and prints the counts; what is wrong with it comes back.
fn hold(theme: &str, with_kubectl: &BTreeSet<Minor>) -> Vec<String> {
    let store = Store::open(Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"));
    // One after the other they would be a tenth of the time.
    let (recorded, outcomes) = std::thread::scope(|scope| {
        let recorded = scope.spawn(|| recorded(&store, theme));
        let outcomes = answered(&store, theme);
        (recorded.join().unwrap(), outcomes)
    });
    assert!(!recorded.is_empty(), "nothing is recorded of {theme}");
    let mut wrong = Vec::new();
    let mut unused: BTreeSet<&str> = SKIPPED.iter().map(|(id, _)| *id).filter(|id| id.starts_with(theme)).collect();
    // Which of the outcomes shows what, and why those that show nothing do not.
    let mut shown: BTreeMap<Shown, Text> = BTreeMap::new();
    let mut skipped: BTreeMap<(Version, ScenarioId), &str> = BTreeMap::new();
    for outcome in &outcomes {
        let (version, id): (_, ScenarioId) = (outcome.version.clone(), outcome.id.parse().unwrap());
        if let Some(reason) = outcome.skipped.as_deref().filter(|reason| !reason.starts_with(OTHER_VERSION)) {
            let known = SKIPPED.iter().find(|(start, why)| outcome.id.starts_with(start) && reason.contains(why));
            let is_without_kubectl = reason.contains("needs kubectl") && !with_kubectl.contains(&version.minor);
            if let Some((start, _)) = known {
                unused.remove(start);
            }
            match known {
                Some((_, why)) => drop(skipped.insert((version, id), *why)),
                None if is_without_kubectl => drop(skipped.insert((version, id), "kubectl")),
                None => wrong.push(format!("{version} {id} is skipped: {reason}")),
            }
            continue;
        }
        if !matches!(outcome.status(), Status::Passed | Status::Skipped) {
            wrong.push(format!("{version} {id}: {:?} {:?}", outcome.status(), outcome.trouble));
        }
        for step in &outcome.steps {
            let (Some(slug), Some(answer)) = (&step.slug, &step.answer) else { continue };
            if let (Ok(series), Ok(text)) = (Series::of(slug), Text::new(answer)) {
                shown.insert((version.clone(), id.clone(), series), text);
            }
        }
    }
    let mut counts: BTreeMap<&Version, Count> = BTreeMap::new();
    for (what, text) in &recorded {
        let (version, id, step) = what;
        let count = counts.entry(version).or_default();
        count.recorded += 1;
        match (shown.get(what), skipped.get(&(version.clone(), id.clone()))) {
            (Some(came), _) if came == text => count.reproduced += 1,
            (Some(came), _) => wrong.push(format!("{version} {id} {step}: recorded\n{text:?}\nand shown\n{came:?}")),
            (None, Some(&"kubectl")) => count.without_kubectl += 1,
            (None, Some(_)) => count.left_out += 1,
            (None, None) => wrong.push(format!("{version} {id} {step} is recorded and not shown")),
        }
    }
    tell(theme, &counts);
    if !outcomes.iter().any(|outcome| outcome.skipped.as_deref().is_some_and(|why| why.contains("needs kubectl"))) {
        wrong.extend(unused.into_iter().map(|id| format!("{id} is listed as skipped and runs")));
    }
    wrong
}

/// Prints the counts past the test harness, which would show them of a failure only.
fn tell(theme: &str, counts: &BTreeMap<&Version, Count>) {
    let mut text = format!("\nsnapshots of {theme} that the models reproduce, of those recorded:\n");
    let mut all = Count::default();
    for (version, count) in counts {
        let Count { recorded, reproduced, left_out, without_kubectl } = count;
        write!(text, "  {:<9} {reproduced:>4} of {recorded}", version.to_string()).unwrap();
        if *left_out > 0 {
            write!(text, ", {left_out} of scenarios that are not run").unwrap();
        }
        if *without_kubectl > 0 {
            write!(text, ", {without_kubectl} not run: there is no kubectl of {}", version.minor).unwrap();
        }
        text += "\n";
        all.recorded += recorded;
        all.reproduced += reproduced;
    }
    writeln!(text, "  together  {:>4} of {}", all.reproduced, all.recorded).unwrap();
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// The minors of which there is a kubectl.
fn with_kubectl() -> BTreeSet<Minor> {
    let installed = Home::from_env().ok().and_then(|home| cluster::installed(&home).ok()).unwrap_or_default();
    installed.into_iter().map(|assets| assets.version.minor).collect()
}

#[test]
fn tokens_are_as_recorded_on_every_version() {
    let wrong = hold("tokens", &BTreeSet::new());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_exploring_found_is_as_recorded() {
    let wrong = hold("explored", &BTreeSet::new());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn posts_are_as_recorded_where_there_is_a_kubectl() {
    let wrong = hold("posts", &with_kubectl());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
