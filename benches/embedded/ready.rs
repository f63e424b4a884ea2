//! From nothing to a control plane that is ready: one of each version, so that each reads its own tables for the first time.

use std::io::Write;
use std::time::Instant;

use http::Method;
use rehearsal::cluster::{self, ClusterSpec, Home, Identity, OpenOptions, Release, Request};

use super::Outcome;
use super::figures::{Figures, Verdict};

const LIMIT_MS: f64 = 20.0;
const DEFAULT: &str = "/api/v1/namespaces/default/serviceaccounts/default";

pub(crate) fn measure(out: &mut impl Write) -> Outcome<Verdict> {
    writeln!(out, "\nstart: until the default ServiceAccount is there (one of each version)")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let options = OpenOptions { home: Some(Home::new(folder.path(), folder.path())), ..OpenOptions::default() };
    let start = async |release: Release| -> Outcome<()> {
        let cluster = cluster::open(&ClusterSpec::Embedded(release), &options).await?;
        let answer = cluster.session(&Identity::Own)?.send(Request::new(Method::GET, DEFAULT)).await?;
        if !answer.is_success() {
            return Err(answer.refusal().into());
        }
        Ok(())
    };
    let mut minors = cluster::embedded_minors();
    // The key is made once for a user, and not within the time.
    if let Some(first) = minors.next() {
        runtime.block_on(start(Release::Minor(first)))?;
    }
    let mut figures = Figures::default();
    for minor in minors {
        let begun = Instant::now();
        runtime.block_on(start(Release::Minor(minor)))?;
        figures.add(begun.elapsed());
    }
    figures.judge("ready", "ms", LIMIT_MS, out)
}
