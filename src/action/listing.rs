//! The objects of a kind that a list or a watch is about: `{apiVersion?, kind, namespace?, all?}`.

use serde_json::Value;

use super::reference::Collection;
use super::{Declared, Reply, RunError, StepCx, path};
use crate::cluster::Resource;
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Fields};

/// A kind, and where its objects are looked for. What lies outside any Namespace that is named, others make objects in
/// too: there only those of this run count, unless all are asked for.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) collection: Collection,
    all: bool,
}

/// Where a listing leads on a server.
pub(super) struct Place {
    /// The path of the collection.
    pub(super) path: String,
    /// Whether others have objects there that do not count.
    pub(super) is_shared: bool,
}

impl Listing {
    pub(super) fn shape() -> Shape {
        Collection::shape().optional("all", shape::boolean())
    }

    /// Reads the fields of a listing; the caller reads its own beside and finishes.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let collection = Collection::read(fields);
        let all = fields.optional("all").boolean().unwrap_or(false);
        let collection = collection?;
        if let (true, Some(namespace)) = (all, &collection.namespace) {
            let message = "`all: true` is over every Namespace, and `namespace` names one";
            fields.diagnostics().push(Diagnostic::new(namespace.at().clone(), message).help("remove one of them"));
        }
        Some(Self { collection, all })
    }

    pub(super) fn declare(&self, declared: &mut Declared) {
        self.collection.declare(declared);
    }

    /// Where it leads, or the reply that says the kind is not served.
    pub(super) async fn place(&self, cx: &StepCx<'_>) -> Result<Result<Place, Reply>, RunError> {
        let Resource { api_version, plural, namespaced, .. } = match self.collection.resource(cx).await? {
            Ok(resource) => resource,
            Err(reply) => return Ok(Err(reply)),
        };
        let named = self.collection.namespace.as_ref().map(|namespace| namespace.resolve(cx.scope)).transpose()?;
        let namespace = named.or_else(|| cx.namespace.map(str::to_owned)).filter(|_| namespaced && !self.all);
        let is_shared = namespace.is_none() && !self.all;
        Ok(Ok(Place { path: path::collection(&api_version, &plural, namespace.as_deref()), is_shared }))
    }
}

/// Whether only this run can have made an object: its own name or that of its Namespace is unique to it.
pub(super) fn is_own(object: &Value, suffix: &str) -> bool {
    let holds = |key: &str| object["metadata"][key].as_str().is_some_and(|name| name.contains(suffix));
    holds("name") || holds("namespace")
}
