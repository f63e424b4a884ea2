//! Whether every variable that is read has been set, in every version in which it is read.

use super::names::{CASE, EVENTS, GIVEN, OWN_NAMES};
use super::{Case, Scenario, Step, StepName, When};
use crate::action::Answers;
use crate::syntax::{At, Diagnostic, Diagnostics, Expression, Reference, nearest};

/// A variable, where it is set and where that applies.
struct Variable<'s> {
    name: String,
    at: &'s At,
    when: &'s When,
    /// The number of the step that sets it, and of the first one that can read it: after those during it.
    by: usize,
    from: usize,
    /// The step's name, if the variable is its answer.
    answer_of: Option<&'s StepName>,
    /// The `foreach` and the case that the step stands in.
    foreach: Option<(usize, &'s str)>,
}

/// Reports variables that are unknown, set later, set elsewhere or set twice. Of `forgiven` names nothing is said: the
/// steps that set them are wrong themselves.
pub(super) fn check(scenario: &Scenario, bounds: &When, forgiven: &[String], diagnostics: &mut Diagnostics) {
    let all: Vec<Variable<'_>> = (0..scenario.steps.len()).flat_map(|number| set_by(scenario, number)).collect();
    for (number, step) in scenario.steps.iter().enumerate() {
        let known = all.iter().filter(|variable| variable.from <= number).collect();
        let mut check = Check { all: &all, known, own: Vec::new(), number, step, bounds, forgiven, diagnostics };
        check.columns();
        check.references(step.declared.reads.iter());
        check.references(step.frame.request_references());
        let has_events = step.action.waits_itself() && step.action.answers_with() == Answers::Exchange;
        check.own = OWN_NAMES.into_iter().filter(|name| *name != EVENTS || has_events).collect();
        // By then the steps during it have ended.
        let inside = scenario.during(number);
        check.known.extend(all.iter().filter(|variable| inside.contains(&variable.by)));
        for capture in &step.frame.set {
            check.references(capture.value.references());
            check.own.push(&capture.name);
        }
        check.references(step.frame.answer_references());
        check.references(step.action.until().into_iter().flat_map(Expression::references));
    }
    twice(&all, diagnostics);
}

/// The variables a step leaves behind: what it captures, and its answer under its own name.
fn set_by(scenario: &Scenario, by: usize) -> impl Iterator<Item = Variable<'_>> {
    let (step, from) = (&scenario.steps[by], scenario.during(by).end);
    let (when, foreach) = (&step.when, step.foreach());
    let captures = step.frame.set.iter().map(move |capture| Variable {
        name: capture.name.clone(),
        at: &capture.at,
        when,
        by,
        from,
        answer_of: None,
        foreach,
    });
    let answer = step.name.iter().map(move |name| Variable {
        name: name.variable(),
        at: name.at(),
        when,
        by,
        from,
        answer_of: Some(name),
        foreach,
    });
    captures.chain(answer)
}

/// Two steps that can both run may not set one variable: the second would hide the first.
fn twice(all: &[Variable<'_>], diagnostics: &mut Diagnostics) {
    for (index, variable) in all.iter().enumerate() {
        // Steps of one name are reported as such.
        let named_alike = |earlier: &Variable<'_>| {
            earlier.answer_of.zip(variable.answer_of).is_some_and(|(earlier, name)| earlier.key() == name.key())
        };
        // Each case has its own.
        let other_case = |earlier: &Variable<'_>| {
            let cases = earlier.foreach.zip(variable.foreach);
            cases.is_some_and(|((one, case), (other_one, other))| one == other_one && case != other)
        };
        let same = |earlier: &&Variable<'_>| {
            let is_same = earlier.name == variable.name && earlier.when.meets(variable.when);
            is_same && !named_alike(earlier) && !other_case(earlier)
        };
        if let Some(earlier) = all[..index].iter().find(same) {
            let line = earlier.at.span().map_or(0, |span| span.line);
            let message = format!("the variable `{}` is already set on line {line}", variable.name);
            let help = "a name may stand twice only in steps whose `when`s exclude each other";
            diagnostics.push(Diagnostic::new(variable.at.clone(), message).help(help));
        }
    }
}

struct Check<'s, 'd> {
    all: &'s [Variable<'s>],
    known: Vec<&'s Variable<'s>>,
    own: Vec<&'s str>,
    number: usize,
    step: &'s Step,
    bounds: &'s When,
    forgiven: &'s [String],
    diagnostics: &'d mut Diagnostics,
}

impl<'s> Check<'s, '_> {
    fn references(&mut self, references: impl IntoIterator<Item = &'s Reference>) {
        for reference in references {
            let name = reference.name.as_str();
            if let (CASE, Some(case)) = (name, &self.step.case) {
                self.case(reference, case);
                continue;
            }
            if self.own.contains(&name) || GIVEN.contains(&name) || self.forgiven.contains(&reference.name) {
                continue;
            }
            let setters = self.known.iter().filter(|variable| variable.name == name && self.is_seen(variable));
            let setters: Vec<&When> = setters.map(|variable| variable.when).collect();
            if !self.step.when.is_covered(self.bounds, &setters) {
                let diagnostic = self.explain(reference, !setters.is_empty());
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// Whether a variable is not that of another case of the same `foreach`.
    fn is_seen(&self, variable: &Variable<'_>) -> bool {
        match (variable.foreach, self.step.foreach()) {
            (Some((theirs, case)), Some((ours, own))) => theirs != ours || case == own,
            _ => true,
        }
    }

    /// What the columns of the step's case read; that is evaluated before the step.
    fn columns(&mut self) {
        let Some(case) = &self.step.case else { return };
        for reference in case.references() {
            if reference.name == CASE {
                let diagnostic = Diagnostic::new(reference.at.clone(), "a column cannot read `case`");
                self.diagnostics.push(diagnostic.help("write the value, or compute it where a step uses it"));
            } else {
                self.references([reference]);
            }
        }
    }

    /// A read of `case`, which has the columns of its table and no others.
    fn case(&mut self, Reference { at, fields, .. }: &Reference, case: &Case) {
        let known: Vec<&str> = case.fields().collect();
        for field in fields.iter().flatten().filter(|field| !known.contains(&field.as_str())) {
            let message = format!("`case` has no column `{field}`");
            let help = match nearest(field, known.iter().copied()) {
                Some(near) => format!("did you mean `case.{near}`?"),
                None => format!("it has: {}", known.join(", ")),
            };
            self.diagnostics.push(Diagnostic::new(at.clone(), message).help(help));
        }
    }

    fn explain(&self, Reference { name, at, .. }: &Reference, partly: bool) -> Diagnostic {
        let refuse = |message: String, help: String| Diagnostic::new(at.clone(), message).help(help);
        if partly {
            let message = format!("`{name}` is not set in every version in which this step runs");
            return refuse(
                message,
                "give this step a `when`, or set the variable in the other versions too".to_owned(),
            );
        }
        if name == EVENTS && !self.own.is_empty() {
            let message = format!("`{EVENTS}` is what a watch is told, and this is a `{}`", self.step.kind);
            return refuse(message, "what other steps answer is in `code` and `body`".to_owned());
        }
        if name == CASE {
            let help = "it is the row of the `foreach` that a step stands in, or of the scenario's `cases`";
            return refuse("there is no `case` here".to_owned(), help.to_owned());
        }
        if OWN_NAMES.contains(&name.as_str()) {
            let message = format!("`{name}` is of a step's own answer, which is not there yet");
            return refuse(message, "an earlier answer is read by the name of its step".to_owned());
        }
        if self.step.name.as_ref().is_some_and(|own| own.variable() == *name) {
            let message = format!("`{name}` is this step's own answer");
            return refuse(message, "within the step it is called `body`".to_owned());
        }
        if let Some(later) = self.all.iter().find(|variable| variable.name == *name) {
            let line = later.at.span().map_or(0, |span| span.line);
            if later.by < self.number && self.number < later.from {
                let message = format!("`{name}` is of the step that this one runs during, which has no answer yet");
                return refuse(message, "read it in a step after that one".to_owned());
            }
            return refuse(format!("`{name}` is read before it is set"), format!("it is set on line {line}"));
        }
        let names = || self.known.iter().map(|variable| variable.name.as_str()).chain(self.own.iter().copied());
        let message = format!("there is no variable `{name}`");
        match nearest(name, names()) {
            Some(near) => refuse(message, format!("did you mean `{near}`?")),
            // In a text of a command it may be the shell's.
            None if self.step.declared.for_shell => {
                refuse(message, format!("a variable of the shell is written `${name}` or `$${{{name}}}` here"))
            }
            None if names().next().is_none() => {
                refuse(message, "a named step sets one, and so does `set:`; none stands before this step".to_owned())
            }
            None => {
                let mut names: Vec<&str> = names().collect();
                names.dedup();
                refuse(message, format!("set by now: {}", names.join(", ")))
            }
        }
    }
}
