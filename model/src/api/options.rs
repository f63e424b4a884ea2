//! The options of a write, which stand in its query.

use crate::fields::Validation;
use crate::profile::{Feature, Profile};
use crate::status::{Cause, Refusal};
use crate::world::Outcome;

use super::call::Call;

/// Of which kind they are; errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Update,
    Patch,
    Apply,
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) dry_run: bool,
    pub(super) validation: Validation,
    /// Who manages the fields.
    pub(super) manager: String,
    pub(super) force: bool,
}

impl Options {
    pub(super) fn of(call: &Call<'_>, kind: Kind, profile: &Profile) -> Outcome<Self> {
        let query = &call.request.query;
        let mut causes = Vec::new();
        let force = query.get("force").map(|_| query.flag("force"));
        let manager = query.get("fieldManager").unwrap_or_default();
        if kind == Kind::Apply && manager.is_empty() {
            causes.push(Cause::required("fieldManager", "is required for apply patch"));
        }
        if kind == Kind::Patch && force.is_some() {
            causes.push(Cause::forbidden("force", "may not be specified for non-apply patch"));
        }
        causes.extend(of_manager(manager));
        let dry_run: Vec<&str> = query.all("dryRun").collect();
        causes.extend(of_dry_run(&dry_run, profile));
        let asked = query.get("fieldValidation").unwrap_or_default();
        let known = match asked {
            "Strict" => Some(Validation::Strict),
            "Ignore" => Some(Validation::Ignore),
            "" | "Warn" => Some(Validation::Warn),
            _ => None,
        };
        if known.is_none() && profile.has(Feature::FieldValidationIsKnown) {
            let values = ["", "Ignore", "Strict", "Warn"];
            causes.push(Cause::not_supported("fieldValidation", &asked.into(), &values));
        }
        let is_asked = |_: &Validation| profile.has(Feature::FieldValidation);
        let validation = known.filter(is_asked).unwrap_or(Validation::Ignore);
        if causes.is_empty() {
            let manager = if manager.is_empty() { call.agent() } else { manager.to_owned() };
            return Ok(Self { dry_run: !dry_run.is_empty(), validation, manager, force: force.unwrap_or_default() });
        }
        let kind = match kind {
            Kind::Create => "CreateOptions.meta.k8s.io",
            Kind::Update => "UpdateOptions.meta.k8s.io",
            Kind::Patch | Kind::Apply => "PatchOptions.meta.k8s.io",
        };
        Err(Refusal::invalid(kind, "", &causes))
    }
}

fn of_manager(manager: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if manager.len() > 128 {
        let message = "Too long: may not be more than 128 bytes".to_owned();
        causes.push(Cause::too_long("fieldManager", message));
    }
    causes
}

/// `dryRun` may be `All` and nothing else.
pub(super) fn of_dry_run(values: &[&str], profile: &Profile) -> Vec<Cause> {
    if values.iter().all(|value| *value == "All") {
        return Vec::new();
    }
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    let shown = if profile.has(Feature::StructsInMistakesAreJson) {
        format!("[{}]", quoted.join(","))
    } else {
        format!("[]string{{{}}}", quoted.join(", "))
    };
    let message = format!("Unsupported value: {shown}: supported values: \"All\"");
    vec![Cause { reason: "FieldValueNotSupported", field: "dryRun".to_owned(), message }]
}
