//! Everything around an action: who asks, what is expected and waited for, what is shown.

use std::time::Duration;

use serde_json::Value;

use super::names::taken;
use super::{Check, Identity};
use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Expression, Fields, Key, Node, Path, Reference, TextTemplate, Yaml};
use crate::topic::Topic;

/// What may stand around the action of a step.
pub static MODIFIERS: &[Topic] = &[
    Topic {
        name: "name",
        doc: "With a name, the answer is held by a snapshot and any answer is data: a 403 needs no ceremony. Later steps read \
              it by that name, other characters as `_`. A step without one is set-up: it is not shown, and has to succeed.",
        example: "- name: no such Secret\n  get: {kind: Secret, name: none}\n- name: the same message\n  \
                  get: {kind: Secret, name: none}\n  expect: {message: \"${no_such_Secret.message}\"}",
    },
    Topic {
        name: "when",
        doc: "The versions in which the step runs, or `{kubernetes: RANGE, needs: [CAPABILITY]}`. Two steps may share a name, \
              and with it their snapshots, if their `when`s exclude each other.",
        example: "when: \">=1.24\"\nget: {kind: ConfigMap, name: settings}",
    },
    Topic {
        name: "foreach",
        doc: "Repeats the step, or a group of `steps:`, for each case, in the order of the file. A key names the case and its \
              snapshots (`token.short@v1.22.snap`), columns are any values, one that a case leaves out is null, and `when` is \
              for the case. Steps read `case.key` and `case.COLUMN`. A step's variable is within the cases that case's, and after \
              them a mapping by key: `token.short`, `token[\"short\"]`. One `foreach` cannot stand within another; in a scenario \
              with `cases`, `case` has the columns of both.",
        example: "- foreach: {short: {seconds: 600}, usual: {}}\n  steps:\n    - name: token\n      \
                  token: {serviceAccount: demo-sa, expirationSeconds: \"${case.seconds}\"}",
    },
    Topic {
        name: "steps",
        doc: "Instead of an action: a group of steps, with `when` or `foreach` for all of them and nothing else.",
        example: "when: \">=1.24\"\nsteps:\n  - create: {kind: ConfigMap, name: one}\n  - create: {kind: ConfigMap, name: two}",
    },
    Topic {
        name: "as",
        doc: "Who asks; left out, the cluster's own user.",
        example: "name: list as the ServiceAccount\nas: {serviceAccount: demo-sa}\nlist: {kind: Pod}\nexpect: {code: 403}",
    },
    Topic {
        name: "query",
        doc: "Parameters of the request: `dryRun`, `fieldValidation`, `fieldManager`, `force`, `labelSelector`, `limit`, \
              `gracePeriodSeconds` and whatever else the API knows. They are never mixed with the manifest.",
        example: "create: {kind: ConfigMap, name: tried}\nquery: {dryRun: All, fieldValidation: Strict}",
    },
    Topic {
        name: "set",
        doc: "Variables for this step and all later ones, each a CEL expression over the answer, in this order. Where the step \
              waits, a value that cannot be computed yet means: not yet.",
        example: "get: {kind: ServiceAccount, name: demo-sa}\nset: {uid: body.metadata.uid, short: 'size(uid) == 36'}",
    },
    Topic {
        name: "expect",
        doc: "What the answer must be, whatever the snapshot says: one expectation or a list of them.",
        example: "name: a name that is none\ncreate: {kind: ConfigMap, name: No_Name}\n\
                  expect: {code: 422, reason: Invalid, that: 'body.message.contains(\"RFC 1123\")'}",
    },
    Topic {
        name: "until",
        doc: "A CEL condition: the step is tried until it holds, and that answer is the one. Not reached in time, the scenario \
              fails with the last answer shown. An error in it, as of a key that is not there, means: not yet.",
        example: "get: {kind: Pod, name: test-pod}\nuntil: has(body.spec.nodeName)\nwithin: 10s",
    },
    Topic {
        name: "within",
        doc: "How long `until` may take (left out: the step's `timeout`), or with `from` how late the answer may come. What has \
              steps in `during` is waited for from their end on.",
        example: "",
    },
    Topic {
        name: "settle",
        doc: "Beside `until`: the answer that counts is one that came twice, shown alike, at least so far apart. For what is \
              made in several writes, of which none is known to be the last.",
        example: "get: {kind: ServiceAccount, name: demo-sa}\nuntil: code == 200\nsettle: 300ms",
    },
    Topic {
        name: "from",
        doc: "The name of an earlier step: `within` counts from its end. Too late is no wrong answer: the scenario could not be \
              run.",
        example: "- name: seen\n  get: {kind: ConfigMap, name: settings}\n- name: seen again\n  \
                  get: {kind: ConfigMap, name: settings}\n  within: 9s\n  from: seen",
    },
    Topic {
        name: "holds",
        doc: "A CEL condition that every answer must satisfy for as long as `for` says.",
        example: "list: {kind: Secret}\nquery: {labelSelector: app=none}\nholds: size(body.items) == 0\nfor: 500ms",
    },
    Topic::plain("for", "How long `holds` is looked at, with steps in `during` from their end on."),
    Topic {
        name: "timeout",
        doc: "The deadline of one attempt, or of what an action itself waits for, instead of `--timeout`.",
        example: "delete: {kind: Pod, name: test-pod}\ntimeout: 1m",
    },
    Topic {
        name: "snapshot",
        doc: "What is shown instead of the default: `{select: [PATH]}` only these parts of the body, `{drop: [PATH]}` the \
              default without them, `{show: {LABEL: CEL}}` values, `off` nothing. A path is keys with dots between them, \
              `[\"a.b/c\"]` for a key that has some; through lists it leads into every item.",
        example: "name: the Pod\nget: {kind: Pod, name: test-pod}\n\
                  snapshot: {select: [metadata.labels, spec.containers.image]}",
    },
];

/// The modifiers of a step.
#[derive(Debug)]
pub struct Frame {
    /// Who asks.
    pub identity: Identity,
    /// Parameters of the request, as they are written.
    pub query: Vec<(String, TextTemplate)>,
    /// What is captured from each attempt, in this order, before `until` is looked at.
    pub set: Vec<Capture>,
    /// What the answer must be.
    pub expect: Vec<Check>,
    /// Attempts are made until this holds.
    pub until: Option<Expression>,
    /// How long two equal answers have to be apart, besides that it holds.
    pub settle: Option<Duration>,
    /// How long they are made, or how late the answer may come after the step of `from`.
    pub within: Option<Duration>,
    /// The name of the earlier step from whose end `within` counts, and where it is written.
    pub from: Option<(String, At)>,
    /// What must hold, and for how long.
    pub holds: Option<Holds>,
    /// The deadline of a single attempt.
    pub timeout: Option<Duration>,
    /// What the snapshot shows.
    pub snapshot: Selection,
}

/// A variable that a step sets.
#[derive(Debug)]
pub struct Capture {
    /// The variable.
    pub name: String,
    /// Where it is named.
    pub at: At,
    /// Its value, over the step's own answer.
    pub value: Expression,
}

/// `holds` with its `for`.
#[derive(Debug)]
pub struct Holds {
    /// What must be true of every answer.
    pub condition: Expression,
    /// For how long.
    pub time: Duration,
}

/// What a snapshot shows.
#[derive(Debug)]
pub enum Selection {
    /// What the kind of step shows by itself.
    Default,
    /// Nothing: the answer is seen and not kept.
    Off,
    /// Only what these paths into the body lead to.
    Select(Vec<Path>),
    /// The body without what these paths lead to.
    Drop(Vec<Path>),
    /// Values by their label.
    Show(Vec<(String, Expression)>),
}

impl Frame {
    /// The fields of the modifiers.
    pub(super) fn shape(shape: Shape) -> Shape {
        let expect = shape::one_or_several(&shape::defined("expectation"));
        let shape = shape.optional("as", Identity::shape()).optional("query", shape::entries(&shape::scalar()));
        let shape = shape.optional("set", shape::entries(&shape::scalar())).optional("expect", expect);
        let shape = shape.optional("from", shape::string()).optional("snapshot", Selection::shape());
        let conditions = ["until", "holds"].into_iter();
        let shape = conditions.fold(shape, |shape, name| shape.optional(name, shape::expression()));
        let durations = ["within", "settle", "for", "timeout"].into_iter();
        durations.fold(shape, |shape, name| shape.optional(name, shape::duration()))
    }

    /// Reads the modifiers among the fields of a step.
    pub(super) fn decode(fields: &mut Fields<'_, '_>) -> Self {
        let identity = fields.optional("as").node();
        let query = fields.optional("query").entries().unwrap_or_default();
        let set = fields.optional("set").entries().unwrap_or_default();
        let expect = fields.optional("expect").node();
        let until = fields.optional("until").expression();
        let within = fields.optional("within").duration();
        let settle = fields.optional("settle").duration();
        let from = fields.optional("from").located().map(|(name, at)| (name.to_owned(), at.clone()));
        let holds = fields.optional("holds").expression();
        let time = fields.optional("for").duration();
        let timeout = fields.optional("timeout").duration();
        let snapshot = fields.optional("snapshot").node();
        let diagnostics = fields.diagnostics();
        Self {
            identity: identity.map_or(Identity::Admin, |node| Identity::decode(node, diagnostics)),
            query: query.iter().filter_map(|entry| parameter(entry, diagnostics)).collect(),
            set: set.iter().filter_map(|entry| capture(entry, diagnostics)).collect(),
            expect: expect.map_or_else(Vec::new, |node| Check::decode_all(node, diagnostics)),
            until,
            settle,
            within,
            from,
            holds: holds.zip(time).map(|(condition, time)| Holds { condition, time }),
            timeout,
            snapshot: snapshot.map_or(Selection::Default, |node| Selection::decode(node, diagnostics)),
        }
    }

    /// The variables that the request reads: earlier ones only.
    pub(super) fn request_references(&self) -> Vec<&Reference> {
        let query = self.query.iter().flat_map(|(_, value)| value.references());
        self.identity.references().into_iter().chain(query).collect()
    }

    /// The variables that are read once there is an answer: its own names and captures too.
    pub(super) fn answer_references(&self) -> Vec<&Reference> {
        let shown: Vec<&Expression> = match &self.snapshot {
            Selection::Show(shown) => shown.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        let holds = self.holds.iter().map(|holds| &holds.condition);
        let expressions = self.until.iter().chain(holds).chain(shown);
        expressions.flat_map(Expression::references).chain(self.expect.iter().flat_map(Check::references)).collect()
    }

    /// Whether the request asks the server to change nothing.
    pub(super) fn is_dry_run(&self) -> bool {
        self.query.iter().any(|(name, _)| name == "dryRun")
    }
}

fn parameter((key, node): &(Key, Node), diagnostics: &mut Diagnostics) -> Option<(String, TextTemplate)> {
    let value = match &node.value {
        Yaml::String(text) => diagnostics.keep(TextTemplate::parse(text, &node.at))?,
        Yaml::Bool(value) => TextTemplate::verbatim(value.to_string(), &node.at),
        Yaml::Number(number) => TextTemplate::verbatim(number.to_string(), &node.at),
        _ => {
            let message =
                format!("`{}` of `query` must be a string, a number or a boolean, this is {}", key.text, node.what());
            diagnostics.report(&node.at, message);
            return None;
        }
    };
    Some((key.text.clone(), value))
}

fn capture((key, node): &(Key, Node), diagnostics: &mut Diagnostics) -> Option<Capture> {
    let is_identifier = key.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_identifier {
        let message = format!("`{}` is no name for a variable", key.text);
        diagnostics.push(Diagnostic::new(key.at.clone(), message).help("letters, digits and `_`, a letter first"));
    } else if let Some(reason) = taken(&key.text) {
        diagnostics.report(&key.at, format!("a variable cannot be called `{}`: {reason}", key.text));
    }
    let value = expression("set", node, diagnostics)?;
    Some(Capture { name: key.text.clone(), at: key.at.clone(), value })
}

/// A CEL expression under a key of the user's choice; a number or a bool written bare is one.
fn expression(owner: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<Expression> {
    match &node.value {
        Yaml::String(text) => diagnostics.keep(Expression::compile(text, &node.at)),
        Yaml::Bool(_) | Yaml::Number(_) => diagnostics.keep(Expression::compile(node.at.text(), &node.at)),
        _ => {
            diagnostics.report(&node.at, format!("`{owner}` takes CEL expressions, this is {}", node.what()));
            None
        }
    }
}

impl Selection {
    fn shape() -> Value {
        let shape = Shape::new().optional("select", shape::strings()).optional("drop", shape::strings());
        let mut shape = shape.optional("show", shape::entries(&shape::scalar())).finish();
        shape["maxProperties"] = 1.into();
        shape::any_of(&[shape::word(&["off"]), shape])
    }

    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Self {
        match &node.value {
            Yaml::String(text) if text == "off" => return Self::Off,
            Yaml::Map(_) => {}
            _ => {
                let help = "write `off`, or one of {select: [paths]}, {drop: [paths]} and {show: {label: expression}}";
                diagnostics.push(Diagnostic::new(node.at.clone(), "`snapshot` does not say what to show").help(help));
                return Self::Default;
            }
        }
        let Some(mut fields) = Fields::of(node, "snapshot", diagnostics) else { return Self::Default };
        let select = fields.optional("select").strings();
        let drop = fields.optional("drop").strings();
        let show = fields.optional("show").entries();
        fields.finish();
        let given = node.entries().len();
        let mut paths = |texts: Vec<(&str, &At)>| {
            texts.into_iter().filter_map(|(text, at)| diagnostics.keep(Path::parse(text, at))).collect::<Vec<_>>()
        };
        let selection = match (select, drop, show) {
            (Some(select), None, None) => Self::Select(paths(select)),
            (None, Some(drop), None) => Self::Drop(paths(drop)),
            (None, None, Some(show)) => {
                let shown = show
                    .iter()
                    .filter_map(|(key, node)| Some((key.text.clone(), expression("show", node, diagnostics)?)));
                Self::Show(shown.collect())
            }
            _ => Self::Default,
        };
        if given > 1 {
            diagnostics.report(&node.at, "`snapshot` takes one of `select`, `drop` and `show`");
        }
        selection
    }
}
