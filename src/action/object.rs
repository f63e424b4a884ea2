//! Objects that steps send: a manifest in which name, namespace, labels and annotations may stand at the top, a file of
//! manifests, or a list of these.

use serde_json::{Value, json};

use super::{Backoff, Declared, Decoder, KindName, Reply, RunError, StepCx, during};
use crate::cluster::{Exchange, Request};
use crate::shape::{self, Shape};
use crate::syntax::{At, Diagnostic, Diagnostics, Fields, Key, Node, Template, TextTemplate, Yaml, not_a_string};

/// Kinds that live in no Namespace, by group. A plan knows no others: the scope of a kind is for discovery to say.
const CLUSTER_WIDE: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "IngressClass"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "StorageClass"),
];

/// What may stand at the top of a manifest instead of under `metadata`.
const SHORT: [&str; 4] = ["name", "namespace", "labels", "annotations"];

/// An object that a step makes outside any Namespace: its name is everybody's.
#[derive(Debug, Clone)]
pub struct ClusterWide {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Where the name is written.
    pub at: At,
}

/// An object to be sent.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: KindName,
    pub(super) name: Option<TextTemplate>,
    namespace: Option<TextTemplate>,
    manifest: Template,
}

/// The objects of one step; at least one.
#[derive(Debug)]
pub(super) struct Objects {
    first: Object,
    more: Vec<Object>,
}

impl Objects {
    pub(super) fn shape() -> Value {
        shape::one_or_several(&shape::defined("object"))
    }

    /// Reads `OBJECT` or `[OBJECT, ...]`.
    pub(super) fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Self> {
        let mut objects = Vec::new();
        for element in node.elements() {
            match element.get("file") {
                Some(_) if element.get("kind").is_none() => Object::decode_file(element, decoder, &mut objects),
                _ => objects.extend(Object::decode(element, false, decoder.diagnostics)),
            }
        }
        if decoder.named && objects.len() > 1 {
            let message = format!("a named step shows one answer, and this makes {} objects", objects.len());
            let help = "split it: the others can go into a step without a name";
            decoder.diagnostics.push(Diagnostic::new(node.at.clone(), message).help(help));
        }
        if node.elements().is_empty() {
            decoder.diagnostics.report(&node.at, "the list of objects is empty");
        }
        let mut objects = objects.into_iter();
        Some(Self { first: objects.next()?, more: objects.collect() })
    }

    /// The same for a request to the path of each object, which therefore needs its name; `owner` is the kind of step.
    pub(super) fn decode_named(node: &Node, owner: &str, decoder: &mut Decoder<'_>) -> Option<Self> {
        let objects = Self::decode(node, decoder)?;
        for object in objects.iter().filter(|object| object.name.is_none()) {
            let message = format!("{owner} needs the `name` of the {}", object.kind.kind);
            let diagnostic = Diagnostic::new(object.kind.at.clone(), message);
            decoder.diagnostics.push(diagnostic.help("`generateName` is for `create`"));
        }
        Some(objects)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Object> {
        std::iter::once(&self.first).chain(&self.more)
    }

    pub(super) fn declare(&self, declared: &mut Declared) {
        self.iter().for_each(|object| object.declare(declared));
    }

    /// Writes one after the other; the reply is the first refusal or the last answer. `request` makes the request from
    /// the path of the object's collection.
    pub(super) async fn write(&self, cx: &StepCx<'_>, request: ToRequest) -> Result<Reply, RunError> {
        let mut reply = self.first.write(cx, request).await?;
        for object in &self.more {
            if !matches!(&reply, Reply::Http(exchange) if exchange.is_success()) {
                break;
            }
            reply = object.write(cx, request).await?;
        }
        Ok(reply)
    }
}

/// How a kind of step writes an object, given the path of its collection.
pub(super) type ToRequest = fn(&Object, &StepCx<'_>, &str) -> Result<Request, RunError>;

impl Object {
    /// A manifest, or those of a file.
    pub(super) fn shape() -> Value {
        let file = Shape::new().required("file", shape::string()).finish();
        let manifest = KindName::shape(Shape::new()).optional("metadata", json!({"type": "object"}));
        let texts = ["name", "namespace"].into_iter();
        let manifest = texts.fold(manifest, |shape, name| shape.optional(name, shape::text())).finish_open();
        shape::any_of(&[manifest, file])
    }

    fn decode_file(node: &Node, decoder: &mut Decoder<'_>, objects: &mut Vec<Self>) {
        let Some(mut fields) = Fields::of(node, "a manifest from a file", decoder.diagnostics) else { return };
        let file = fields.required("file").node();
        fields.finish();
        let Some(file) = file else { return };
        let Some(name) = file.as_str() else {
            return decoder.diagnostics.push(not_a_string("file", file));
        };
        if let Some(documents) = decoder.diagnostics.keep(decoder.manifests.documents(name, &file.at)) {
            objects.extend(documents.iter().filter_map(|document| Self::decode(document, true, decoder.diagnostics)));
        }
    }

    /// Reads one manifest. A file is taken verbatim: users' own manifests hold `${VAR}` of other programs.
    fn decode(node: &Node, verbatim: bool, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "a manifest", diagnostics)?;
        let kind = KindName::read(&mut fields);
        let metadata = fields.optional("metadata").entries().unwrap_or_default();
        let short: Vec<&(Key, Node)> = fields.rest().filter(|(key, _)| SHORT.contains(&key.text.as_str())).collect();
        let rest: Vec<&(Key, Node)> = fields.rest().filter(|(key, _)| !SHORT.contains(&key.text.as_str())).collect();
        fields.finish_open();
        during::check_absent(&rest, diagnostics);
        for (key, _) in &short {
            if metadata.iter().any(|(below, _)| below.text == key.text) {
                let message = format!("`{}` is given twice: here and under `metadata`", key.text);
                diagnostics.report(&key.at, message);
            }
        }
        let metadata: Vec<&(Key, Node)> = short.into_iter().chain(metadata).collect();
        let mut text = |name: &str| {
            let (_, node) = metadata.iter().find(|(key, _)| key.text == name)?;
            text(name, node, verbatim, diagnostics)
        };
        let (name, namespace) = (text("name"), text("namespace"));
        let kind = kind?;
        let mut entries = vec![
            ("apiVersion".to_owned(), Template::constant(Value::String(kind.api_version.clone()))),
            ("kind".to_owned(), Template::constant(Value::String(kind.kind.clone()))),
        ];
        if !metadata.is_empty() {
            entries.push(("metadata".to_owned(), Template::map(templates(&metadata, verbatim, diagnostics))));
        }
        entries.extend(templates(&rest, verbatim, diagnostics));
        Some(Self { kind, name, namespace, manifest: Template::map(entries) })
    }

    pub(super) fn declare(&self, declared: &mut Declared) {
        declared.kinds.push(self.kind.clone());
        declared.about(&self.kind.kind, self.name.as_ref());
        declared.reads.extend(self.manifest.references().into_iter().cloned());
        let known = CLUSTER_WIDE.contains(&(self.kind.group(), &self.kind.kind));
        if let Some(name) = self.name.as_ref().filter(|_| known)
            && let Some(text) = name.constant()
        {
            let (kind, name, at) = (self.kind.kind.clone(), text.to_owned(), name.at().clone());
            declared.cluster_wide.push(ClusterWide { kind, name, at });
        }
    }

    /// The name, for a request to the object's own path.
    pub(super) fn name(&self, cx: &StepCx<'_>) -> Result<String, RunError> {
        let name = self.name.as_ref().map(|name| name.resolve(cx.scope)).transpose()?;
        // An empty name would make the path that of the whole collection.
        name.filter(|name| !name.is_empty()).ok_or_else(|| RunError::NoName { kind: self.kind.kind.clone() })
    }

    /// The manifest with everything filled in.
    pub(super) fn manifest(&self, cx: &StepCx<'_>) -> Result<Value, RunError> {
        Ok(self.manifest.resolve(cx.scope)?)
    }

    /// Sends this object. A Pod is tried again for as long as its Namespace is so new that the default ServiceAccount is
    /// not there: that is a race of controllers, not a behaviour.
    async fn write(&self, cx: &StepCx<'_>, request: ToRequest) -> Result<Reply, RunError> {
        let resource = match cx.resource(&self.kind.api_version, &self.kind.kind).await? {
            Ok(resource) => resource,
            Err(reply) => return Ok(reply),
        };
        let request = request(self, cx, &cx.collection(&resource, self.namespace.as_ref())?)?;
        let is_pod = self.kind.group().is_empty() && self.kind.kind == "Pod";
        let mut backoff = Backoff::new(cx.pace, cx.patience);
        loop {
            let exchange = cx.send_for_object(request.clone()).await?;
            match backoff.next() {
                Some(pause) if is_pod && lacks_service_account(&exchange) => cx.api.sleep(pause).await,
                _ => return Ok(Reply::Http(exchange)),
            }
        }
    }
}

fn templates(entries: &[&(Key, Node)], verbatim: bool, diagnostics: &mut Diagnostics) -> Vec<(String, Template)> {
    let mut template = |node: &Node| {
        if verbatim { Template::constant(node.to_json()) } else { Template::decode(node, diagnostics) }
    };
    entries.iter().map(|(key, node)| (key.text.clone(), template(node))).collect()
}

fn text(name: &str, node: &Node, verbatim: bool, diagnostics: &mut Diagnostics) -> Option<TextTemplate> {
    match &node.value {
        Yaml::String(text) if verbatim => Some(TextTemplate::verbatim(text, &node.at)),
        // What is wrong within it is reported where the whole manifest is read.
        Yaml::String(text) => TextTemplate::parse(text, &node.at).ok(),
        _ => {
            diagnostics.push(not_a_string(name, node));
            None
        }
    }
}

fn lacks_service_account(exchange: &Exchange) -> bool {
    let message = exchange.body["message"].as_str().unwrap_or_default();
    match exchange.status {
        403 => {
            message.contains("serviceaccount \"default\" not found")
                || message.contains("error looking up service account") && message.contains("/default:")
        }
        // Up to v1.23 the default ServiceAccount is there before its Secret is.
        500 => message.contains("No API token found for service account \"default\""),
        _ => false,
    }
}
