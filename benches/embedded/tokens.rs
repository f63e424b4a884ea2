//! All scenarios about tokens on the models of all versions, held against their snapshots, as `cargo test` does it.

use std::io::Write;
use std::time::Instant;

use camino::Utf8Path;
use rehearsal::cluster::{self, ClusterSpec, Release};
use rehearsal::run::{Settings, Suite};
use rehearsal::scenario;
use rehearsal::snapshot::Store;

use super::Outcome;
use super::figures::{Figures, Verdict};

const LIMIT_MS: f64 = 3000.0;
pub(crate) const RUNS: usize = 5;

pub(crate) fn measure(runs: usize, out: &mut impl Write) -> Outcome<Verdict> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let store = Store::open(root.join("snapshots"));
    let clusters: Vec<ClusterSpec> =
        cluster::embedded_minors().map(|minor| ClusterSpec::Embedded(Release::Minor(minor))).collect();
    writeln!(out, "\nscenarios/tokens on {} versions ({runs} runs)", clusters.len())?;
    let mut figures = Figures::default();
    for _ in 0..runs {
        let start = Instant::now();
        let files = scenario::load(&[root.join("scenarios/tokens")])?;
        let suite = Suite { scenarios: files.iter().collect(), store: &store, settings: Settings::default() };
        let summary = suite.run(&clusters, &mut |_| Ok(()))?.summary;
        figures.add(start.elapsed());
        if summary.failed + summary.broken > 0 {
            return Err(format!("{} failed and {} broke", summary.failed, summary.broken).into());
        }
    }
    figures.judge("tokens", "ms", LIMIT_MS, out)
}
