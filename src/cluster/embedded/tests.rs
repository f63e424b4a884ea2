use http::Method;
use miette::Diagnostic;

use super::*;
use crate::cluster::{Exchange, Home, Identity, Request, SendError};

fn options(folder: &tempfile::TempDir) -> OpenOptions {
    OpenOptions { home: Some(Home::new(folder.path(), folder.path())), ..OpenOptions::default() }
}

async fn get(cluster: &Cluster, identity: &Identity, path: &str) -> Result<Exchange, SendError> {
    cluster.session(identity)?.send(Request::new(Method::GET, path)).await
}

#[tokio::test]
async fn it_is_the_release_that_was_asked_for_and_knows_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(&"v1.30".parse().unwrap(), &options(&folder)).unwrap();
    assert_eq!(cluster.describe(), "v1.30, the embedded model");
    assert!(cluster.is_embedded() && cluster.origin().kind == "embedded");
    let modelled = outline::CAPABILITIES.into_iter().collect();
    assert_eq!(*cluster.capabilities(), modelled, "no kubectl of v1.30 is installed there");
    let version = get(&cluster, &Identity::Own, "/version").await.unwrap();
    assert_eq!(version.body["gitVersion"], cluster.version().to_string());
    assert_eq!(version.body["minor"], "30");

    let jane = Identity::Certified { user: "jane".to_owned(), group: Some("devs".to_owned()) };
    for (identity, said) in
        [(&jane, "User \"jane\" cannot"), (&Identity::Anonymous, "User \"system:anonymous\" cannot")]
    {
        let refused = get(&cluster, identity, "/api/v1/nodes").await.unwrap();
        assert!(refused.status == 403 && refused.refusal().contains(said), "{refused:?}");
    }
    assert!(get(&cluster, &Identity::Own, "/api/v1/nodes").await.unwrap().is_success());
}

#[tokio::test]
async fn what_the_model_does_not_know_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(&"v1.36".parse().unwrap(), &options(&folder)).unwrap();
    let error = get(&cluster, &Identity::Own, "/apis/apps/v1/deployments").await.unwrap_err();
    assert!(error.to_string().ends_with(rehearsal_model::NOT_MODELLED_PHRASE), "{error}");
    let help = error.help().unwrap().to_string();
    assert!(help.contains("cluster install v1.36") && help.contains("--cluster local:v1.36"), "{help}");

    let mut how = options(&folder);
    how.setup.gates.insert("NoSuchGate".to_owned(), true);
    let error = open(&Release::Newest, &how).unwrap_err();
    assert!(error.to_string().starts_with("the feature gate NoSuchGate in v1.37"), "{error}");
    how.setup = crate::cluster::Setup::default();
    how.setup.scheduler.insert("v".to_owned(), "5".to_owned());
    let error = open(&Release::Newest, &how).unwrap_err();
    assert_eq!(error.to_string(), "the flag --v of kube-scheduler is not modelled by the embedded control plane");
}

#[tokio::test]
async fn other_programs_reach_it_from_when_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(&Release::Newest, &options(&folder)).unwrap();
    assert!(matches!(cluster.kubeconfig_of(&Identity::Own, None), Err(SendError::NoKubeconfig)));
    assert_eq!(cluster.server(), None);
    cluster.serve().await.unwrap();
    let server = cluster.server().unwrap().to_owned();
    cluster.serve().await.unwrap();
    assert_eq!(cluster.server(), Some(server.as_str()), "it listens once");

    let path = folder.path().join("kubeconfig");
    let jane = Identity::Certified { user: "jane".to_owned(), group: None };
    for (identity, status) in [(Identity::Own, 200), (jane, 403)] {
        std::fs::write(&path, cluster.kubeconfig_of(&identity, None).unwrap()).unwrap();
        let transports = crate::cluster::context::transports_at(&path).await.unwrap();
        let request = http::Request::get("/api/v1/nodes").body(kube::client::Body::empty()).unwrap();
        assert_eq!(transports.own.send(request).await.unwrap().status(), status, "{identity:?}");
    }
}

#[test]
fn every_release_of_the_model_has_a_version() {
    assert_eq!(modelled().count(), rehearsal_model::releases().len());
    assert_eq!(version(&Release::Newest).unwrap().minor, minors().next_back().unwrap());
    assert!(minors().is_sorted());
}
