//! `create`: POST to the collection.

use futures_util::future::BoxFuture;
use http::Method;

use super::object::Objects;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View};
use crate::cluster::Request;
use crate::syntax::Node;

pub(super) const KIND: Kind = Kind {
    key: "create",
    doc: "Creates an object, several, or those of a file beside the scenario. `apiVersion` left out is `v1`; `name`, \
          `namespace`, `labels` and `annotations` may stand at the top. The first refusal ends the step and is its answer.",
    example: "create: {kind: ServiceAccount, name: demo-sa}",
    shape: Objects::shape,
    decode,
};

#[derive(Debug)]
struct Create(Objects);

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    Some(Box::new(Create(Objects::decode(node, decoder)?)))
}

impl Action for Create {
    fn declare(&self, declared: &mut Declared) {
        self.0.declare(declared);
    }

    fn view(&self) -> View {
        View::Envelope
    }

    /// A second attempt would find the name taken; without a name (`generateName`, reviews) there is nothing to find.
    fn repeatable(&self, dry_run: bool) -> bool {
        dry_run || self.0.iter().all(|object| object.name.is_none())
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(
            self.0.write(cx, |object, cx, collection| {
                Ok(Request::new(Method::POST, collection).body(object.manifest(cx)?))
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fake::{Fake, NoManifests, decode};
    use super::*;

    #[tokio::test]
    async fn the_shorthand_is_metadata_and_call_options_are_apart() {
        let api = Fake::default();
        let action =
            "create: {kind: Secret, name: '${name}', labels: {a: b}, metadata: {generation: 1}, data: {x: eQ==}}";
        api.run(action, &[("dryRun", "All")]).await.unwrap();
        let body = r#"{"apiVersion":"v1","data":{"x":"eQ=="},"kind":"Secret","metadata":{"generation":1,"labels":{"a":"b"},"name":"filled"}}"#;
        assert_eq!(api.log(), [format!("POST /api/v1/namespaces/demo/secrets?dryRun=All {body}")]);
    }

    #[tokio::test]
    async fn a_namespace_of_its_own_and_none() {
        let api = Fake::default();
        api.run("create: {apiVersion: apps/v1, kind: Deployment, namespace: other, name: x}", &[]).await.unwrap();
        api.run("create: {kind: Namespace, name: x}", &[]).await.unwrap();
        assert!(api.log()[0].starts_with("POST /apis/apps/v1/namespaces/other/deployments {"));
        assert!(api.log()[1].starts_with("POST /api/v1/namespaces {"));
    }

    #[tokio::test]
    async fn a_kind_that_is_not_served_is_a_reply() {
        let api = Fake::default();
        let reply = api.run("create: {apiVersion: a/v1, kind: Unserved, name: x}", &[]).await.unwrap();
        assert!(matches!(reply, Reply::NotServed { kind, .. } if kind == "Unserved"));
        let error = api.run("create: {apiVersion: a/v1, kind: UnservedTypo, name: x}", &[]).await.unwrap_err();
        assert_eq!(error.to_string(), "this server does not serve UnservedTypo of a/v1, but Unserved of a/v1");
        assert_eq!(api.log(), [""; 0]);
    }

    #[tokio::test]
    async fn discovery_may_be_behind_a_crd_of_this_run() {
        let api = Fake::default();
        api.run("create: {apiVersion: a-rhabcde.b/v1, kind: Unserved, name: x}", &[]).await.unwrap();
        assert_eq!(api.log()[..2], ["sleep 1000", "sleep 1250"]);
    }

    #[tokio::test]
    async fn a_new_namespace_without_service_account_is_waited_for() {
        let refusal = json!({"message": "pods \"p\" is forbidden: error looking up service account demo/default: \
                                         serviceaccount \"default\" not found"});
        let api = Fake::answering([(403, refusal.clone()), (403, refusal.clone()), (201, json!({}))]);
        api.run("create: {kind: Pod, name: p}", &[]).await.unwrap();
        let log: Vec<String> = api.log().iter().map(|line| line.split(" {").next().unwrap().to_owned()).collect();
        let post = "POST /api/v1/namespaces/demo/pods";
        assert_eq!(log, [post, "sleep 1000", post, "sleep 1250", post]);
        let lasting = Fake::answering(std::iter::repeat_n((403, refusal), 50));
        let reply = lasting.run("create: {kind: Pod, name: p}", &[]).await.unwrap();
        assert!(matches!(reply, Reply::Http(exchange) if exchange.status == 403));
        assert_eq!(lasting.log().iter().filter(|line| line.starts_with("sleep")).count(), 6);
    }

    #[test]
    fn only_what_leaves_nothing_is_repeatable() {
        let repeatable = |text: &str| decode(text, &NoManifests).unwrap().repeatable(false);
        assert!(!repeatable("create: {kind: Pod, name: p}"));
        assert!(repeatable("create: {kind: Pod, metadata: {generateName: p-}}"));
        assert!(decode("create: {kind: Pod, name: p}", &NoManifests).unwrap().repeatable(true));
    }

    #[test]
    fn what_is_read_and_made_is_declared() {
        let mut declared = Declared::default();
        let action = "create: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: all, rules: '${r}'}";
        decode(action, &NoManifests).unwrap().declare(&mut declared);
        assert_eq!(declared.reads[0].name, "r");
        assert_eq!(declared.kinds[0].kind, "ClusterRole");
        assert_eq!(declared.cluster_wide[0].name, "all");
        assert_eq!(declared.cluster_wide[0].at.text(), "all");
    }
}
