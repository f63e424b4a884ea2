//! `wait`: a short spelling of `get` with `until`.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::reference::ObjectRef;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, Watched, get};
use crate::shape;
use crate::syntax::{At, Diagnostic, Diagnostics, Expression, Fields, Node};

pub(super) const KIND: Kind = Kind {
    key: "wait",
    doc: "Reads an object until it has a condition (`condition: Ready`, or `Ready=False`), is gone (`deleted: true`), or an \
          expression over `code` and `body` holds (`that:`). `within` says how long at most.",
    example: "wait: {kind: Pod, name: test-pod, condition: PodScheduled}\nwithin: 10s",
    shape,
    decode,
};

/// What says until when; one of them.
const CONDITIONS: [&str; 3] = ["condition", "deleted", "that"];

#[derive(Debug)]
struct Wait {
    object: ObjectRef,
    until: Expression,
}

fn shape() -> Value {
    let shape = ObjectRef::shape().optional("condition", shape::string()).optional("that", shape::expression());
    let shape = shape.optional("deleted", json!({"const": true})).finish();
    shape::with_one_of(shape, &CONDITIONS)
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "wait", decoder.diagnostics)?;
    let object = ObjectRef::read(&mut fields);
    let condition = fields.optional("condition").string();
    let deleted = fields.optional("deleted").boolean();
    let that = fields.optional("that").expression();
    fields.finish();
    let given: Vec<&Node> = CONDITIONS.iter().filter_map(|name| node.get(name)).collect();
    let [given] = given[..] else {
        let message = format!("wait needs one of `condition`, `deleted` and `that`, this has {}", given.len());
        let help = "as in {kind: Pod, name: p1, condition: Ready}";
        decoder.diagnostics.push(Diagnostic::new(node.at.clone(), message).help(help));
        return None;
    };
    let until = match (condition, deleted) {
        (Some(text), _) => has_condition(text, &given.at, decoder.diagnostics)?,
        (_, Some(deleted)) => is_gone(deleted, &given.at, decoder.diagnostics)?,
        _ => that?,
    };
    Some(Box::new(Wait { object: object?, until }))
}

/// `T` or `T=STATUS`, as an expression.
fn has_condition(text: &str, at: &At, diagnostics: &mut Diagnostics) -> Option<Expression> {
    let (kind, status) = text.split_once('=').unwrap_or((text, "True"));
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    if !is_word(kind) || !is_word(status) {
        let message = format!("`{text}` is no condition");
        diagnostics.push(Diagnostic::new(at.clone(), message).help("write its type, as in `Ready` or `Ready=False`"));
        return None;
    }
    diagnostics.keep(Expression::compile(&format!("condition(body, '{kind}') == '{status}'"), at))
}

fn is_gone(deleted: bool, at: &At, diagnostics: &mut Diagnostics) -> Option<Expression> {
    if !deleted {
        let help = "to wait until it is there: `that: code == 200`";
        diagnostics.push(Diagnostic::new(at.clone(), "`deleted: false` waits for nothing").help(help));
        return None;
    }
    diagnostics.keep(Expression::compile("code == 404", at))
}

impl Action for Wait {
    fn declare(&self, declared: &mut Declared) {
        self.object.declare(declared);
    }

    fn view(&self) -> View {
        View::Nothing
    }

    fn until(&self) -> Option<&Expression> {
        Some(&self.until)
    }

    fn watched<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Option<Watched>, RunError>> {
        Box::pin(self.object.watched(cx))
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(get::read(&self.object, cx))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{NoManifests, decode};

    #[test]
    fn the_short_spellings_are_expressions() {
        for (fields, expression) in [
            ("condition: Ready", "condition(body, 'Ready') == 'True'"),
            ("condition: Ready=False", "condition(body, 'Ready') == 'False'"),
            ("deleted: true", "code == 404"),
            ("that: code == 200", "code == 200"),
        ] {
            let action = decode(&format!("wait: {{kind: Pod, name: p, {fields}}}"), &NoManifests).unwrap();
            assert_eq!(action.until().unwrap().text(), expression);
        }
        for fields in ["", "condition: Ready, deleted: true", "deleted: false", "condition: \"it's\"", "that: a ="] {
            assert!(decode(&format!("wait: {{kind: Pod, name: p, {fields}}}"), &NoManifests).is_err(), "{fields}");
        }
    }
}
