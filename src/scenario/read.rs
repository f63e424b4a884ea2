//! From the tree of a document to a scenario.

use serde_json::Value;

use super::cases::{self, CASES};
use super::fixtures::Fixtures;
use super::names::StepName;
use super::steps::{FOREACH, Steps};
use super::{Identity, Scenario, Settings, Step, When, case, step, unique, upgrades, variables, when};
use crate::capability::Capability;
use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Fields, Key, Node, nearest};
use crate::topic::Topic;
use crate::version::Range;
use std::sync::Arc;

/// The fields of a scenario.
pub static FIELDS: &[Topic] = &[
    Topic::plain("scenario", "What it says, in one line. Required."),
    Topic::plain("id", "Tells several scenarios of one file apart; its snapshots are named by it."),
    Topic::plain("about", "What a reader should know who meets this behaviour for the first time, in Markdown."),
    Topic::plain("source", "Where the behaviour is described: an address, or `KEP-1205`."),
    Topic::plain("tags", "Words of your own, to choose scenarios by: `--tag WORD`."),
    Topic::plain("kubernetes", "The range of versions it says anything about; other clusters skip it. Left out: all."),
    Topic::plain("needs", "The capabilities a cluster must have; one without them skips it, and says so."),
    Topic::plain(
        "alone",
        "`true` for a scenario that no other may run beside, as one about a default of the whole cluster.",
    ),
    Topic::plain(
        "namespace",
        "A Namespace that is made first, is the default of every step, and is removed last. Each run has its own, under a \
         name with a suffix that no snapshot shows.",
    ),
    Topic::plain(
        "unique",
        "The other names outside any Namespace that the scenario makes: of a ClusterRole, of the group of a CRD. They too get \
         the suffix of the run, wherever they stand as whole words, so that two runs do not meet; what was made is removed \
         when the run ends.",
    ),
    Topic::plain(
        "cluster",
        "How the cluster has to be set up otherwise than by default: `gates`, and flags of `apiserver`, `controllerManager` and \
         `scheduler`; on some versions only, as in `SomeGate: {value: true, when: \"1.29 - 1.30\"}`. Scenarios that ask for the \
         same share a local control plane that is set up so; other clusters skip them.",
    ),
    Topic::plain(
        "cases",
        "Makes one scenario of each row: a key, which names it and its snapshots, with columns of any values, which steps read as \
         `case.COLUMN`, and perhaps `when`, `needs` and `cluster`.",
    ),
    Topic::plain("steps", "What happens, one action after the other. Required."),
];

/// What a scenario may be, as far as its shape says.
pub fn shape() -> Value {
    let texts = ["id", "about", "source", "kubernetes", "namespace"].into_iter();
    let shape = Shape::new().required("scenario", shape::string()).required("steps", shape::steps());
    let shape = texts.fold(shape, |shape, name| shape.optional(name, shape::string()));
    let shape = shape.optional("tags", shape::strings()).optional("unique", shape::strings());
    let shape = shape.optional("needs", shape::defined("needs")).optional("alone", shape::boolean());
    let shape = shape.optional("cluster", shape::defined("cluster")).optional("cases", cases::shape());
    shape.described(FIELDS).finish()
}

/// Reads a document, or one of its cases, and finds all its mistakes: of each part, and of the parts together.
pub(super) fn scenario(
    id: &str,
    tree: &Node,
    case: Option<&str>,
    fixtures: &Fixtures,
) -> Result<Scenario, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    match read(id, tree, case, fixtures, &mut diagnostics) {
        Some((scenario, written)) => {
            check(&scenario, &written, tree, fixtures, &mut diagnostics);
            diagnostics.or(scenario)
        }
        None => Err(diagnostics),
    }
}

/// The parts, and where the scenario applies with all its cases; nothing of what is no scenario at all.
fn read(
    id: &str,
    tree: &Node,
    case: Option<&str>,
    fixtures: &Fixtures,
    diagnostics: &mut Diagnostics,
) -> Option<(Scenario, When)> {
    if tree.get("scenario").is_none() {
        diagnostics.push(not_a_scenario(tree));
        return None;
    }
    let mut fields = Fields::of(tree, "a scenario", diagnostics)?;
    let title = fields.required("scenario").string();
    // Read where files are told apart; a scenario only knows its whole id.
    fields.optional("id");
    let about = fields.optional("about").string().map(str::to_owned);
    let source = fields.optional("source").string().map(str::to_owned);
    let tags = fields.optional("tags").strings().unwrap_or_default();
    let kubernetes = fields.optional("kubernetes").node();
    let needs = fields.optional("needs").strings().unwrap_or_default();
    let alone = fields.optional("alone").boolean().unwrap_or(false);
    let namespace = fields.optional("namespace").located();
    let words = fields.optional("unique").strings().unwrap_or_default();
    let steps = fields.required("steps").list();
    let cluster = fields.optional("cluster").node();
    let cases = fields.optional("cases").node();
    fields.finish();

    if title.is_some_and(|title| title.trim().is_empty()) {
        diagnostics.report(&tree.at, "the scenario has no title");
    }
    if let (Some([]), Some((key, _))) = (steps, tree.entry("steps")) {
        diagnostics.report(&key.at, "a scenario needs at least one step");
    }
    let namespace = namespace.and_then(|(name, at)| namespace_name(name, at, diagnostics));
    let unique = words.iter().filter_map(|(word, at)| unique::word(word, at, diagnostics)).map(str::to_owned).collect();
    let kubernetes =
        kubernetes.and_then(|node| when::range("kubernetes", node, diagnostics)).unwrap_or_else(Range::any);
    let written = When { kubernetes, needs: when::capabilities(needs, diagnostics) };
    let cluster = cluster.map(|node| Settings::decode(node, diagnostics)).unwrap_or_default();
    let (case, applies, cluster) = match cases.and_then(|node| cases::instance(node, case, diagnostics)) {
        Some(instance) => (Some(instance.case), written.and(&instance.when), instance.cluster.over(&cluster)),
        None => (None, written.clone(), cluster),
    };
    let steps = Steps::decode(steps.unwrap_or_default(), case.clone(), fixtures, diagnostics);
    let scenario = Scenario {
        id: id.to_owned(),
        at: tree.at.clone(),
        title: title.unwrap_or_default().trim().to_owned(),
        about,
        source,
        tags: tags.into_iter().map(|(tag, _)| tag.to_owned()).collect(),
        kubernetes: applies.kubernetes,
        needs: upgrades::needs(applies.needs, &steps),
        case,
        cluster,
        alone,
        namespace,
        unique,
        steps,
    };
    Some((scenario, written))
}

fn namespace_name(name: &str, at: &At, diagnostics: &mut Diagnostics) -> Option<String> {
    if name.contains('.') {
        let message = format!("`{name}` is no name of a Namespace");
        diagnostics.push(Diagnostic::new(at.clone(), message).help("small letters, digits and `-`, as in token-demo"));
        return None;
    }
    unique::word(name, at, diagnostics).map(str::to_owned)
}

/// A document without `scenario:`; a typo in that key would make a scenario disappear.
fn not_a_scenario(tree: &Node) -> Diagnostic {
    let is_manifest = tree.get("apiVersion").is_some() || tree.get("kind").is_some();
    let near = tree.entries().iter().find(|(key, _)| nearest(&key.text, ["scenario"]).is_some());
    match near {
        Some((Key { text, at }, _)) => {
            Diagnostic::new(at.clone(), format!("unknown field `{text}`")).help("did you mean `scenario`?")
        }
        None if is_manifest => Diagnostic::new(tree.at.clone(), "this is a manifest, not a scenario")
            .help("manifests that X.yaml uses are in the folder X/ beside it"),
        None => Diagnostic::new(tree.at.clone(), "this is no scenario")
            .help("a scenario begins with `scenario:` and what it says, in one line"),
    }
}

/// What only shows when steps are seen together.
fn check(scenario: &Scenario, written: &When, tree: &Node, fixtures: &Fixtures, diagnostics: &mut Diagnostics) {
    check_when(scenario, written, diagnostics);
    check_columns(scenario, diagnostics);
    let bounds = When { kubernetes: scenario.kubernetes.clone(), needs: scenario.needs.clone() };
    for step in &scenario.steps {
        if let Identity::Certificate(certificate) = &step.frame.identity
            && !scenario.needs.contains(&Capability::Ca)
            && !step.when.needs.contains(&Capability::Ca)
        {
            let message = "not every cluster signs client certificates";
            let help = "write `needs: [ca]` in the scenario, or `when: {needs: [ca]}` in this step";
            diagnostics.push(Diagnostic::new(certificate.at.clone(), message).help(help));
        }
    }
    // What is wrong in one place is not reported again where it is missed.
    let forgiven = if diagnostics.is_empty() { Vec::new() } else { written_names(tree) };
    upgrades::check(scenario, diagnostics);
    check_names(scenario, diagnostics);
    check_from(scenario, &forgiven, diagnostics);
    variables::check(scenario, &bounds, &forgiven, diagnostics);
    let words = written_words(tree);
    unique::check_cluster_wide(scenario, &words.iter().map(|(word, _)| *word).collect::<Vec<_>>(), diagnostics);
    let words: Vec<(&str, &At)> =
        words.into_iter().filter(|(word, _)| scenario.words().any(|own| own == *word)).collect();
    let named = scenario.steps.iter().filter_map(|step| step.name.as_ref()).map(StepName::variable);
    let captured = scenario.steps.iter().flat_map(|step| &step.frame.set).map(|capture| capture.name.clone());
    let variables: Vec<String> = named.chain(captured).collect();
    let trees = ["cases", "steps"].into_iter().filter_map(|key| tree.get(key));
    let trees: Vec<&Node> = trees.chain(fixtures.all()).collect();
    unique::check_words(&words, &variables, &trees, diagnostics);
}

/// Steps and cases that no version runs.
fn check_when(scenario: &Scenario, written: &When, diagnostics: &mut Diagnostics) {
    let about = |range: &Range| format!("the scenario is about {range}");
    let never = |at: &At, what: &str, help: String| {
        let message = format!("this {what} never runs: {}", about(&written.kubernetes));
        Diagnostic::new(at.clone(), message).help(help)
    };
    let runs = |step: &&Step| step.when.meets(written);
    // One that is written out for several cases has to run in one of them.
    let mut idle: Vec<&Step> = scenario.steps.iter().filter(|step| !runs(step)).collect();
    idle.retain(|idle| !scenario.steps.iter().filter(runs).any(|step| step.at.span() == idle.at.span()));
    for step in idle {
        diagnostics.push(never(&step.at, "step", format!("its `when` says {}", step.when.kubernetes)));
    }
    for case in scenario.steps.iter().filter_map(|step| step.case.as_ref()).filter(|case| case.foreach.is_some()) {
        let mut its = scenario.steps.iter().filter(|step| step.case.as_ref().is_some_and(|of| Arc::ptr_eq(of, case)));
        if !its.any(|step| runs(&step)) {
            diagnostics.push(never(&case.at, "case", "look at its `when`, and at those of its steps".to_owned()));
        }
    }
    if let Some(case) = &scenario.case
        && scenario.kubernetes.is_empty()
    {
        diagnostics.push(never(&case.at, "case", "look at its `when`".to_owned()));
    }
}

/// Columns of cases that no step reads.
fn check_columns(scenario: &Scenario, diagnostics: &mut Diagnostics) {
    let of_all = scenario.case.iter().map(|case| (case, CASES));
    let of_steps = scenario.steps.iter().filter_map(|step| step.case.as_ref());
    let of_steps = of_steps.filter(|case| case.foreach.is_some()).map(|case| (case, FOREACH));
    for (case, naming) in of_all.chain(of_steps) {
        let sees = |step: &&Step| {
            let its = step.case.as_ref();
            its.is_some_and(|its| case.foreach.is_none() || its.foreach == case.foreach)
        };
        let steps = scenario.steps.iter().filter(sees);
        let reads: Vec<_> = steps.flat_map(Step::references).filter(|reference| reference.name == "case").collect();
        for (name, at) in case.own_columns() {
            let reads_it = |fields: &Vec<String>| fields.iter().any(|field| field == name);
            if !reads.iter().any(|reference| reference.fields.as_ref().is_none_or(reads_it)) {
                diagnostics.push(case::unread(name, at, case, naming));
            }
        }
    }
}

/// The words to be made unique as they are written, with their places.
fn written_words(tree: &Node) -> Vec<(&str, &At)> {
    let nodes = tree.get("namespace").into_iter().chain(tree.get("unique").into_iter().flat_map(Node::elements));
    nodes.filter_map(|node| Some((node.as_str()?, &node.at))).collect()
}

/// The names and variables of all steps below a scenario, a group or a step, its `during` included, as they are written, of those too that could
/// not be read.
fn written_names(tree: &Node) -> Vec<String> {
    let mut names = Vec::new();
    if tree.get("cases").is_some() || tree.get("foreach").is_some() {
        names.push("case".to_owned());
    }
    if let Some(name) = tree.get("name").and_then(Node::as_str) {
        names.extend([name.to_owned(), StepName::variable_of(name)]);
    }
    let captured = tree.get("set").into_iter().flat_map(Node::entries);
    names.extend(captured.map(|(key, _)| key.text.clone()));
    let steps = tree.get("steps").into_iter().flat_map(Node::elements).chain(step::during(tree));
    names.extend(steps.filter(|step| !step.entries().is_empty()).flat_map(written_names));
    names
}

/// Two steps that can both run may not have one name: they would be one snapshot.
fn check_names(scenario: &Scenario, diagnostics: &mut Diagnostics) {
    let named: Vec<(&Step, &StepName)> =
        scenario.steps.iter().filter_map(|step| Some((step, step.name.as_ref()?))).collect();
    for (index, (step, name)) in named.iter().enumerate() {
        let clashes = |(earlier, other): &&(&Step, &StepName)| {
            let same_series = other.full() == name.full() && !earlier.when.meets(&step.when);
            other.key() == name.key() && !same_series
        };
        let Some((earlier, other)) = named[..index].iter().find(clashes) else { continue };
        let line = other.at().span().map_or(0, |span| span.line);
        let (message, help) = if other.full() == name.full() {
            // Of two that meet in each case, that is said once.
            let shown = if other.as_str() == name.as_str() { name.as_str().into() } else { name.full() };
            let message = format!("the name `{shown}` is already given on line {line}");
            (message, "two steps may share a name, and with it their snapshots, if their `when`s exclude each other")
        } else {
            let (shown, first) = match (step.foreach(), earlier.foreach()) {
                (Some((one, _)), Some((other_one, _))) if one == other_one => {
                    (name.as_str().into(), other.as_str().into())
                }
                _ => (name.full(), other.full()),
            };
            let message = format!("`{shown}` and `{first}` (line {line}) would be one file");
            (message, "snapshots are told apart by letters and digits, without their case")
        };
        diagnostics.push(Diagnostic::new(name.at().clone(), message).help(help));
    }
}

/// `from` names a step that has ended; one of the same case by its name alone, any other case's with the case.
fn check_from(scenario: &Scenario, forgiven: &[String], diagnostics: &mut Diagnostics) {
    for (index, step) in scenario.steps.iter().enumerate() {
        let Some((from, at)) = &step.frame.from else { continue };
        let called = |earlier: &Step| {
            let name = earlier.name.as_ref()?;
            let is_near = earlier.foreach().is_none() || earlier.foreach() == step.foreach();
            Some(if is_near { name.as_str().to_owned() } else { name.full().into_owned() })
        };
        let has_ended = |other: &usize| scenario.during(*other).end <= index;
        let earlier = (0..index).filter(has_ended).map(|other| &scenario.steps[other]);
        let earlier: Vec<String> = earlier.filter_map(called).collect();
        let earlier = earlier.iter().map(String::as_str);
        if earlier.clone().any(|name| name == from) || forgiven.contains(from) {
            continue;
        }
        let help = match nearest(from, earlier.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("earlier steps: {}", earlier.collect::<Vec<_>>().join(", ")),
        };
        diagnostics.push(Diagnostic::new(at.clone(), format!("no earlier step is called `{from}`")).help(help));
    }
}
