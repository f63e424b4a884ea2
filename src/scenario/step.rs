//! One step: an action and its frame.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::fixtures::Fixtures;
use super::{Case, Frame, MODIFIERS, Selection, StepName, When, steps, upgrades};
use crate::action::{Action, Answers, DURING, Declared, Decoder, KINDS, Kind, Manifests, OPEN, Upgrade};
use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Expression, Fields, Key, Node, Reference, Yaml};
use crate::topic::Topic;

/// One step of a scenario.
#[derive(Debug)]
pub struct Step {
    /// Its name; a step without one is set-up: it is not shown, and has to succeed.
    pub name: Option<StepName>,
    /// Where it is written.
    pub at: At,
    /// The key of its kind: `create`.
    pub kind: &'static str,
    /// Where it applies: its own `when`, and those of the groups and the case it stands in.
    pub when: When,
    /// The case it is written out for, and the value of `case`.
    pub case: Option<Arc<Case>>,
    /// In how many `during` it stands. The steps during a step stand after it.
    pub depth: usize,
    /// What it does.
    pub action: Box<dyn Action>,
    /// What its action reads and makes.
    pub declared: Declared,
    /// What it puts in place of the release that runs, if that is what it does.
    pub upgrade: Option<Upgrade>,
    /// Everything around the action.
    pub frame: Frame,
    /// What of its text decides what happens and what is shown, with the manifests it uses.
    pub(super) essence: Value,
}

/// What of a step's text changes neither what happens nor what a snapshot shows.
const INESSENTIAL: [&str; 7] = ["expect", "for", "foreach", "from", "timeout", "when", "within"];

impl Step {
    /// The condition its attempts are made for: of `until`, or of the action itself.
    pub fn until(&self) -> Option<&Expression> {
        self.frame.until.as_ref().or(self.action.until())
    }

    /// Whether its answer is held by a snapshot: it has a name, and `snapshot: off` does not say otherwise.
    pub fn is_snapshotted(&self) -> bool {
        self.name.is_some() && !matches!(self.frame.snapshot, Selection::Off)
    }

    /// What messages call it: its name, or what it does to what: `create ServiceAccount/demo-sa`.
    pub fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.full().into_owned();
        }
        if let Some(Upgrade::To(release)) = &self.upgrade {
            return format!("{} to {release}", self.kind);
        }
        let mut declared = Declared::default();
        self.action.declare(&mut declared);
        let label = match &declared.about[..] {
            [] => self.kind.to_owned(),
            [one] => format!("{} {one}", self.kind),
            [first, more @ ..] => format!("{} {first} and {} more", self.kind, more.len()),
        };
        match self.foreach() {
            Some((_, case)) => format!("{label} ({case})"),
            None => label,
        }
    }

    /// Every variable that it reads, its own among them.
    pub(super) fn references(&self) -> Vec<&Reference> {
        let captured = self.frame.set.iter().flat_map(|capture| capture.value.references());
        let waited = self.action.until().into_iter().flat_map(Expression::references);
        let asked = self.declared.reads.iter().chain(self.frame.request_references());
        asked.chain(captured).chain(self.frame.answer_references()).chain(waited).collect()
    }

    /// Which `foreach` of the scenario it stands in, and in which case of it.
    pub fn foreach(&self) -> Option<(usize, &str)> {
        let case = self.case.as_ref()?;
        Some((case.foreach?, &case.key))
    }

    /// What a step may be, as far as its shape says.
    pub(super) fn shape() -> Value {
        let kinds: Vec<Topic> = KINDS.iter().map(Kind::topic).collect();
        let shape = KINDS.iter().fold(Shape::new(), |shape, kind| shape.optional(kind.key, (kind.shape)()));
        let shape = shape.optional("name", shape::string()).optional("when", shape::defined("when"));
        let shape = shape.optional("foreach", steps::foreach_shape()).optional("steps", shape::steps());
        let shape = Frame::shape(shape).described(MODIFIERS).described(&kinds).finish();
        let does: Vec<&str> = KINDS.iter().map(|kind| kind.key).chain(["steps"]).collect();
        let mut shape = shape::with_one_of(shape, &does);
        shape["allOf"] = [steps::group_shape()].into();
        shape
    }

    pub(super) fn decode(
        node: &Node,
        fixtures: &Fixtures,
        case: Option<&Arc<Case>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, "a step", diagnostics)?;
        let name = fields.optional("name").located();
        let kinds: Vec<(&Kind, &Node)> =
            KINDS.iter().filter_map(|kind| Some((kind, fields.optional(kind.key).node()?))).collect();
        let when = fields.optional("when").node();
        // Both are read where steps are written out; a step within one of several cases is like any other.
        fields.optional("foreach");
        fields.optional("steps");
        fields.refuse(DURING, |at| {
            let message = format!("`{DURING}` stands in what a step does, not beside it");
            let help = format!("as in `watch: {{kind: Pod, {DURING}: [..]}}`; it is a field of: {}", OPEN.join(", "));
            Diagnostic::new(at.clone(), message).help(help)
        });
        let frame = Frame::decode(&mut fields);
        let is_odd = fields.rest().next().is_some();
        fields.finish();

        let named = node.get("name").is_some();
        let name = name.and_then(|(text, at)| diagnostics.keep(StepName::read(text, at)));
        let name = match case.filter(|case| case.foreach.is_some()) {
            Some(case) => name.map(|name| name.of_case(&case.key)),
            None => name,
        };
        let when = when.map_or_else(When::always, |node| When::decode(node, diagnostics));
        let [(kind, body)] = kinds[..] else {
            // A step with an unknown field most likely has its action there, and that is reported.
            if !(kinds.is_empty() && is_odd) {
                diagnostics.push(not_one_action(node, &kinds));
            }
            return None;
        };
        let used = Recorder { fixtures, used: RefCell::default() };
        let mut decoder = Decoder { diagnostics, manifests: &used, named };
        let action = (kind.decode)(body, &mut decoder)?;
        let mut declared = Declared::default();
        action.declare(&mut declared);
        let upgrade = upgrades::of(action.as_ref(), case, body, decoder.diagnostics);
        let essence = essence(node, &used.used.into_inner(), case.map(Arc::as_ref));
        let (at, case) = (node.at.clone(), case.cloned());
        let step = Self { name, at, kind: kind.key, when, case, depth: 0, action, declared, upgrade, frame, essence };
        step.check_frame(node, diagnostics);
        Some(step)
    }

    /// The same step where it stands: all that `when` says of it, and in so many `during`.
    pub(super) fn standing(mut self, when: When, depth: usize) -> Self {
        if depth > 0 {
            self.essence[DURING] = depth.into();
        }
        Self { when, depth, ..self }
    }

    /// What of a frame does not fit together, or not to this action.
    fn check_frame(&self, node: &Node, diagnostics: &mut Diagnostics) {
        let mut report = |key: &str, message: String, help: &str| {
            if let Some((key, _)) = node.entry(key) {
                diagnostics.push(Diagnostic::new(key.at.clone(), message).help(help));
            }
        };
        let has = |key: &str| node.get(key).is_some();
        if has("until") && has("holds") {
            let help = "first wait in a step with `until`, then look in one with `holds`";
            report("holds", "`until` and `holds` in one step".to_owned(), help);
        }
        if self.action.until().is_some() {
            for key in ["until", "holds"] {
                let message = format!("`{}` has its own condition", self.kind);
                report(key, message, "use `get` for any other");
            }
        }
        if !self.action.repeatable(self.frame.is_dry_run()) {
            for key in ["until", "holds"] {
                let (why, help) = match &self.upgrade {
                    Some(_) => ("finds it done", "wait in a step of its own"),
                    None => (
                        "finds the name taken",
                        "add `query: {dryRun: All}` to try without effect, or wait in a step of its own",
                    ),
                };
                let message = format!("`{key}` asks again, and a second `{}` {why}", self.kind);
                report(key, message, help);
            }
        }
        let (has_condition, answers) = (has("until") || has("holds"), self.action.answers_with());
        // A command that shows nothing ends with the steps during it.
        if self.action.waits_itself() && !has_condition && (answers == Answers::Exchange || self.is_snapshotted()) {
            let help = match answers {
                Answers::Exchange => {
                    "as in `until: events.exists(e, e.type == 'DELETED')`; for what must not come: `holds` and `for`"
                }
                Answers::Output => {
                    "as in `until: stdout.contains('done')`, or `until: exit == 0` for a command that ends by itself\n\
                     without a name or with `snapshot: off` it ends with the steps of `during`"
                }
            };
            report(self.kind, format!("`{}` does not say until when", self.kind), help);
        }
        if self.action.waits_itself() {
            let message = format!("`{}` sees each change by itself", self.kind);
            report("settle", message, "what must not come any more: `holds` and `for`");
        } else if !has("until") {
            let help = "add `until`, which says when an answer counts; for what must not change there is `holds`";
            report(
                "settle",
                "`settle` waits for an answer that stays the same, and there is no `until`".to_owned(),
                help,
            );
        }
        if let (Some(settle), Some(within)) = (self.frame.settle, self.frame.within)
            && settle >= within
        {
            let message = "`settle` takes as long as all of the step may".to_owned();
            report("settle", message, "two answers that far apart have to come `within` the time");
        }
        if !has("holds") {
            let help = "to wait for something: `until` and `within`";
            report("for", "`for` says how long something holds, and there is no `holds`".to_owned(), help);
        }
        if !has("for") {
            report("holds", "`holds` needs `for`".to_owned(), "as in `for: 2s`");
        }
        let waits_itself = self.action.waits_itself() && (has_condition || answers == Answers::Exchange);
        if self.action.until().is_none() && !waits_itself && !has("until") && !has("from") {
            let help = "add `until`, or `from` and the name of an earlier step";
            report("within", "`within` says how long, but not for what".to_owned(), help);
        }
        if !has("within") {
            report("from", "`from` says since when, and there is no `within`".to_owned(), "as in `within: 9s`");
        }
        if answers == Answers::Output {
            let help = "the program that it runs has parameters of its own";
            report("query", "`query` belongs to requests, and this runs a command".to_owned(), help);
        }
        let misplaced = self.frame.expect.iter().flat_map(|check| check.misplaced(answers));
        for part in misplaced {
            let help = match answers {
                Answers::Output => {
                    "a command has `exit`, `stdout`, `stderr`, and `body` where it writes one API object"
                }
                Answers::Exchange => "an answer has `code`, `reason`, `message`, `warnings` and `body`",
            };
            report("expect", format!("`{}` never has `{part}`", self.kind), help);
        }
        if !has("name") {
            report("snapshot", "a step without a name has no snapshot".to_owned(), "give it a `name`");
        }
    }
}

/// The steps that stand in the `during` of what a step does.
pub(super) fn during(step: &Node) -> &[Node] {
    let steps = OPEN.iter().find_map(|kind| step.get(kind)?.get(DURING));
    steps.filter(|steps| matches!(steps.value, Yaml::List(_))).map_or(&[], Node::elements)
}

fn not_one_action(node: &Node, kinds: &[(&Kind, &Node)]) -> Diagnostic {
    let known = KINDS.iter().map(|kind| kind.key).collect::<Vec<_>>().join(", ");
    let second = kinds.get(1).and_then(|(kind, _)| node.entry(kind.key));
    match second {
        Some((Key { at, .. }, _)) => {
            let keys: Vec<String> = kinds.iter().map(|(kind, _)| format!("`{}`", kind.key)).collect();
            Diagnostic::new(at.clone(), format!("{} in one step", keys.join(" and ")))
                .help("a step has one action: begin another with `-`")
        }
        None => Diagnostic::new(node.at.clone(), "this step does nothing").help(format!("a step has one of: {known}")),
    }
}

fn essence(node: &Node, manifests: &[Value], case: Option<&Case>) -> Value {
    let fields = node.entries().iter().filter(|(key, _)| !INESSENTIAL.contains(&key.text.as_str()));
    let mut step: Map<String, Value> = fields.map(|(key, node)| (key.text.clone(), node.to_json())).collect();
    // Those steps have their own.
    for kind in OPEN {
        step.get_mut(*kind).and_then(Value::as_object_mut).map(|action| action.remove(DURING));
    }
    let mut essence = json!({"step": step, "manifests": manifests});
    if let Some(case) = case {
        essence["case"] = case.essence();
    }
    essence
}

/// The fixtures, remembering which of them a step uses.
struct Recorder<'f> {
    fixtures: &'f Fixtures,
    used: RefCell<Vec<Value>>,
}

impl Manifests for Recorder<'_> {
    fn documents(&self, name: &str, at: &At) -> Result<&[Node], Diagnostics> {
        let documents = self.fixtures.documents(name, at)?;
        self.used.borrow_mut().extend(documents.iter().map(Node::to_json));
        Ok(documents)
    }

    fn whole(&self) {
        *self.used.borrow_mut() = self.fixtures.contents().map(|(name, text)| json!([name, text])).collect();
    }
}
