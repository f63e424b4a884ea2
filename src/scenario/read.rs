//! From the tree of a document to a scenario.

use super::fixtures::Fixtures;
use super::names::StepName;
use super::{Identity, Scenario, Step, When, unique, unsupported, variables, when};
use crate::capability::Capability;
use crate::syntax::{At, Diagnostic, Diagnostics, Fields, Key, Node, nearest};
use crate::topic::Topic;
use crate::version::Range;

/// The fields of a scenario.
pub static FIELDS: &[Topic] = &[
    Topic::plain("scenario", "What it says, in one line. Required."),
    Topic::plain("id", "Tells several scenarios of one file apart; its snapshots are named by it."),
    Topic::plain("about", "What a reader should know who meets this behaviour for the first time, in Markdown."),
    Topic::plain("source", "Where the behaviour is described: an address, or `KEP-1205`."),
    Topic::plain("tags", "Words of your own."),
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
    Topic::plain("steps", "What happens, one action after the other. Required."),
];

/// Reads a document and finds all its mistakes: of each part, and of the parts together.
pub(super) fn scenario(id: &str, tree: &Node, fixtures: &Fixtures) -> Result<Scenario, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    match read(id, tree, fixtures, &mut diagnostics) {
        Some(scenario) => {
            check(&scenario, tree, fixtures, &mut diagnostics);
            diagnostics.or(scenario)
        }
        None => Err(diagnostics),
    }
}

/// The parts; nothing of what is no scenario at all.
fn read(id: &str, tree: &Node, fixtures: &Fixtures, diagnostics: &mut Diagnostics) -> Option<Scenario> {
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
    unsupported::refuse(&mut fields, unsupported::SCENARIO);
    fields.finish();

    if title.is_some_and(|title| title.trim().is_empty()) {
        diagnostics.report(&tree.at, "the scenario has no title");
    }
    if let (Some([]), Some((key, _))) = (steps, tree.entry("steps")) {
        diagnostics.report(&key.at, "a scenario needs at least one step");
    }
    let namespace = namespace.and_then(|(name, at)| namespace_name(name, at, diagnostics));
    let unique = words.iter().filter_map(|(word, at)| unique::word(word, at, diagnostics)).map(str::to_owned).collect();
    Some(Scenario {
        id: id.to_owned(),
        at: tree.at.clone(),
        title: title.unwrap_or_default().trim().to_owned(),
        about,
        source,
        tags: tags.into_iter().map(|(tag, _)| tag.to_owned()).collect(),
        kubernetes: kubernetes.and_then(|node| when::range("kubernetes", node, diagnostics)).unwrap_or_else(Range::any),
        needs: when::capabilities(needs, diagnostics),
        alone,
        namespace,
        unique,
        steps: steps.unwrap_or_default().iter().filter_map(|node| Step::decode(node, fixtures, diagnostics)).collect(),
    })
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
fn check(scenario: &Scenario, tree: &Node, fixtures: &Fixtures, diagnostics: &mut Diagnostics) {
    let bounds = When { kubernetes: scenario.kubernetes.clone(), needs: scenario.needs.clone() };
    for step in scenario.steps.iter().filter(|step| !step.when.meets(&bounds)) {
        let message = format!("this step never runs: the scenario is about {}", bounds.kubernetes);
        diagnostics
            .push(Diagnostic::new(step.at.clone(), message).help(format!("its `when` says {}", step.when.kubernetes)));
    }
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
    let trees: Vec<&Node> = tree.get("steps").into_iter().chain(fixtures.all()).collect();
    unique::check_words(&words, &variables, &trees, diagnostics);
}

/// The words to be made unique as they are written, with their places.
fn written_words(tree: &Node) -> Vec<(&str, &At)> {
    let nodes = tree.get("namespace").into_iter().chain(tree.get("unique").into_iter().flat_map(Node::elements));
    nodes.filter_map(|node| Some((node.as_str()?, &node.at))).collect()
}

/// The names and variables of all steps as they are written, of those too that could not be read.
fn written_names(tree: &Node) -> Vec<String> {
    let steps = tree.get("steps").into_iter().flat_map(Node::elements);
    let names = steps.clone().filter_map(|step| step.get("name")?.as_str());
    let captured = steps.filter_map(|step| step.get("set")).flat_map(Node::entries).map(|(key, _)| key.text.clone());
    names.flat_map(|name| [name.to_owned(), StepName::variable_of(name)]).chain(captured).collect()
}

/// Two steps that can both run may not have one name: they would be one snapshot.
fn check_names(scenario: &Scenario, diagnostics: &mut Diagnostics) {
    let named: Vec<(&Step, &StepName)> =
        scenario.steps.iter().filter_map(|step| Some((step, step.name.as_ref()?))).collect();
    for (index, (step, name)) in named.iter().enumerate() {
        let clashes = |(earlier, other): &&(&Step, &StepName)| {
            let same_series = other.as_str() == name.as_str() && !earlier.when.meets(&step.when);
            other.key() == name.key() && !same_series
        };
        let Some((_, other)) = named[..index].iter().find(clashes) else { continue };
        let line = other.at().span().map_or(0, |span| span.line);
        let (message, help) = if other.as_str() == name.as_str() {
            let message = format!("the name `{}` is already given on line {line}", name.as_str());
            (message, "two steps may share a name, and with it their snapshots, if their `when`s exclude each other")
        } else {
            let message = format!("`{}` and `{}` (line {line}) would be one file", name.as_str(), other.as_str());
            (message, "snapshots are told apart by letters and digits, without their case")
        };
        diagnostics.push(Diagnostic::new(name.at().clone(), message).help(help));
    }
}

/// `from` names an earlier step.
fn check_from(scenario: &Scenario, forgiven: &[String], diagnostics: &mut Diagnostics) {
    for (index, step) in scenario.steps.iter().enumerate() {
        let Some((from, at)) = &step.frame.from else { continue };
        let is_it = |step: &Step| step.name.as_ref().is_some_and(|name| name.as_str() == from);
        let earlier = scenario.steps[..index].iter().filter_map(|step| step.name.as_ref()).map(StepName::as_str);
        if scenario.steps[..index].iter().any(is_it) || forgiven.contains(from) {
            continue;
        }
        let help = match nearest(from, earlier.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("earlier steps: {}", earlier.collect::<Vec<_>>().join(", ")),
        };
        diagnostics.push(Diagnostic::new(at.clone(), format!("no earlier step is called `{from}`")).help(help));
    }
}
