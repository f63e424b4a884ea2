//! `list`: the objects of a kind.

use futures_util::future::BoxFuture;
use http::Method;

use super::reference::Collection;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, Watched, path};
use crate::cluster::Request;
use crate::syntax::{Diagnostic, Fields, Node};

pub(super) const KIND: Kind = Kind {
    key: "list",
    doc: "Lists the objects of a kind: in the scenario's Namespace, in another one, or with `all: true` over all. Selectors \
          stand in `query:`. A snapshot shows their names.",
    example: "list: {kind: Secret}\nquery: {labelSelector: app=demo}",
    decode,
};

#[derive(Debug)]
struct List {
    collection: Collection,
    all: bool,
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    let mut fields = Fields::of(node, "list", decoder.diagnostics)?;
    let collection = Collection::read(&mut fields);
    let all = fields.optional("all").boolean().unwrap_or(false);
    fields.finish();
    let collection = collection?;
    if let (true, Some(namespace)) = (all, &collection.namespace) {
        let message = "`all: true` is over every Namespace, and `namespace` names one";
        decoder.diagnostics.push(Diagnostic::new(namespace.at().clone(), message).help("remove one of them"));
    }
    Some(Box::new(List { collection, all }))
}

impl List {
    async fn path(&self, cx: &StepCx<'_>) -> Result<Result<String, Reply>, RunError> {
        if !self.all {
            return self.collection.path(cx).await;
        }
        let resource = self.collection.resource(cx).await?;
        Ok(resource.map(|resource| path::collection(&resource.api_version, &resource.plural, None)))
    }
}

impl Action for List {
    fn declare(&self, declared: &mut Declared) {
        self.collection.declare(declared);
        declared.about(&self.collection.kind.kind, None);
    }

    fn view(&self) -> View {
        View::Names
    }

    fn watched<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Option<Watched>, RunError>> {
        Box::pin(async move {
            let selectors = cx.query.iter().filter(|(name, _)| name.ends_with("Selector")).cloned().collect();
            Ok(self.path(cx).await?.ok().map(|path| Watched { path, query: selectors }))
        })
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            match self.path(cx).await? {
                Ok(path) => cx.send_for_object(Request::new(Method::GET, path)).await.map(Reply::Http),
                Err(reply) => Ok(reply),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn a_namespace_or_all_of_them() {
        let api = Fake::default();
        api.run("list: {kind: Pod}", &[("labelSelector", "a=b")]).await.unwrap();
        api.run("list: {kind: Pod, all: true}", &[]).await.unwrap();
        assert_eq!(api.log(), ["GET /api/v1/namespaces/demo/pods?labelSelector=a%3Db", "GET /api/v1/pods"]);
        assert!(decode("list: {kind: Pod, all: true, namespace: x}", &NoManifests).is_err());
    }
}
