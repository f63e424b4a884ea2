//! Which object a step is about: `{apiVersion?, kind, namespace?, name, subresource?}`.

use super::{Declared, Reply, RunError, StepCx, Watched, path};
use crate::cluster::Resource;
use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Fields, Node, TextTemplate, nearest, not_a_string};

/// The kinds of `v1`. Nothing has come or gone there since v1.22, and nothing will: what is new has a group.
const CORE: [&str; 17] = [
    "Binding",
    "ComponentStatus",
    "ConfigMap",
    "Endpoints",
    "Event",
    "LimitRange",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
];

/// A kind as a scenario names it.
#[derive(Debug, Clone)]
pub struct KindName {
    /// Group and version; `v1` where none is written: what discovery prefers changes with the version.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// Where it is written.
    pub at: At,
}

/// A kind and perhaps a Namespace: what a list is over.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) kind: KindName,
    pub(super) namespace: Option<TextTemplate>,
}

/// One object.
#[derive(Debug)]
pub(super) struct ObjectRef {
    pub(super) collection: Collection,
    name: TextTemplate,
    subresource: Option<String>,
}

impl KindName {
    pub(super) fn shape(shape: Shape) -> Shape {
        shape.optional("apiVersion", shape::string()).required("kind", shape::string())
    }

    /// Reads `apiVersion` and `kind`, which have to be known before anything runs.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let api_version = fields.optional("apiVersion").node();
        let kind = fields.required("kind").node();
        let version = match api_version {
            Some(node) => fixed(fields, "apiVersion", node),
            None => Some("v1"),
        };
        let node = kind?;
        let kind = fixed(fields, "kind", node);
        let (version, kind) = (version?, kind?);
        let well_formed = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        if version.split('/').count() > 2 || !version.split('/').all(well_formed) {
            let message = format!("`{version}` is no apiVersion");
            let help = "write `v1` or a group and its version, as in `apps/v1`";
            let at = api_version.map_or(&node.at, |node| &node.at).clone();
            fields.diagnostics().push(Diagnostic::new(at, message).help(help));
            return None;
        }
        if !kind.starts_with(|c: char| c.is_ascii_uppercase()) || !kind.chars().all(|c| c.is_ascii_alphanumeric()) {
            let diagnostic = Diagnostic::new(node.at.clone(), format!("`{kind}` is no kind"));
            fields.diagnostics().push(diagnostic.help("write it as manifests do: Pod, ServiceAccount"));
            return None;
        }
        if version == "v1" && !CORE.contains(&kind) {
            let help = match (nearest(kind, CORE), api_version) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, None) => {
                    "`apiVersion` left out is `v1`: write its group, as in `apiVersion: apps/v1`".to_owned()
                }
                (None, Some(_)) => "write its group, as in `apiVersion: apps/v1`".to_owned(),
            };
            fields
                .diagnostics()
                .push(Diagnostic::new(node.at.clone(), format!("there is no `{kind}` in v1")).help(help));
            return None;
        }
        Some(Self { api_version: version.to_owned(), kind: kind.to_owned(), at: node.at.clone() })
    }

    /// The group; empty for the core group.
    pub(super) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

/// A text without `${...}`.
fn fixed<'n>(fields: &mut Fields<'n, '_>, name: &str, node: &'n Node) -> Option<&'n str> {
    let diagnostic = match node.as_str() {
        Some(text) if !text.contains("${") => return Some(text),
        Some(_) => Diagnostic::new(node.at.clone(), format!("`{name}` cannot be computed"))
            .help("it has to be known before anything runs"),
        None => not_a_string(name, node),
    };
    fields.diagnostics().push(diagnostic);
    None
}

impl Collection {
    pub(super) fn shape() -> Shape {
        KindName::shape(Shape::new()).optional("namespace", shape::text())
    }

    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        fields.hint("options of the call stand beside it, in `query:`");
        let kind = KindName::read(fields);
        let namespace = fields.optional("namespace").text();
        Some(Self { kind: kind?, namespace })
    }

    pub(super) fn declare(&self, declared: &mut Declared) {
        declared.kinds.push(self.kind.clone());
        declared.read(&self.namespace);
    }

    pub(super) async fn resource(&self, cx: &StepCx<'_>) -> Result<Result<Resource, Reply>, RunError> {
        cx.resource(&self.kind.api_version, &self.kind.kind).await
    }

    /// The path, or the reply that says the kind is not served.
    pub(super) async fn path(&self, cx: &StepCx<'_>) -> Result<Result<String, Reply>, RunError> {
        match self.resource(cx).await? {
            Ok(resource) => cx.collection(&resource, self.namespace.as_ref()).map(Ok),
            Err(reply) => Ok(Err(reply)),
        }
    }
}

impl ObjectRef {
    pub(super) fn shape() -> Shape {
        Collection::shape().required("name", shape::text()).optional("subresource", shape::string())
    }

    /// Reads the fields of a reference; the caller reads its own beside and finishes.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let collection = Collection::read(fields);
        let name = fields.required("name").text();
        let subresource = fields.optional("subresource").string().map(str::to_owned);
        Some(Self { collection: collection?, name: name?, subresource })
    }

    pub(super) fn declare(&self, declared: &mut Declared) {
        self.collection.declare(declared);
        declared.about(&self.collection.kind.kind, Some(&self.name));
        declared.read([&self.name]);
    }

    pub(super) fn is_whole(&self) -> bool {
        self.subresource.is_none()
    }

    /// The path, or the reply that says the kind is not served.
    pub(super) async fn path(&self, cx: &StepCx<'_>) -> Result<Result<String, Reply>, RunError> {
        let name = self.name(cx)?;
        let collection = self.collection.path(cx).await?;
        Ok(collection.map(|collection| path::object(&collection, &name, self.subresource.as_deref())))
    }

    /// Where changes of the object can be watched; those of a subresource cannot.
    pub(super) async fn watched(&self, cx: &StepCx<'_>) -> Result<Option<Watched>, RunError> {
        let query = vec![("fieldSelector".to_owned(), format!("metadata.name={}", self.name(cx)?))];
        let collection = self.collection.path(cx).await?.ok().filter(|_| self.is_whole());
        Ok(collection.map(|path| Watched { path, query }))
    }

    fn name(&self, cx: &StepCx<'_>) -> Result<String, RunError> {
        let name = self.name.resolve(cx.scope)?;
        // An empty name would make the path that of the whole collection: fatal for a delete.
        if name.is_empty() { Err(RunError::NoName { kind: self.collection.kind.kind.clone() }) } else { Ok(name) }
    }
}
