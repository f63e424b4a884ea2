//! `--output json`: one document at the end of the run, for programs and for `rehearsal report`.

use std::io::{self, Write};

use super::Reporter;
use super::document::{Cluster, Document, FORMAT, Failed, Opened, Run, Scenario, ShardOf, seconds};
use crate::run::Event;

/// Where the events of a report come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A run, of all that was selected or of this part.
    Run(Option<ShardOf>),
    /// Runs whose reports were merged.
    Merged(Vec<Run>),
}

/// Collects outcomes and writes them as one JSON document.
pub struct Json<W> {
    out: W,
    origin: Origin,
    clusters: Vec<Cluster>,
    scenarios: Vec<Scenario>,
}

impl<W: Write + Send> Json<W> {
    /// A report that writes to `out` what comes from there.
    pub fn new(out: W, origin: Origin) -> Self {
        Self { out, origin, clusters: Vec::new(), scenarios: Vec::new() }
    }

    fn cluster(&mut self, name: &str) -> &mut Cluster {
        let known = self.clusters.iter().position(|known| known.name == name);
        let index = known.unwrap_or_else(|| {
            self.clusters.push(Cluster { name: name.to_owned(), opened: Vec::new(), failed: Vec::new() });
            self.clusters.len() - 1
        });
        &mut self.clusters[index]
    }
}

impl<W: Write + Send> Reporter for Json<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opening { .. } | Event::Started { .. } | Event::Closed { .. } => {}
            Event::Queued { cluster } => drop(self.cluster(cluster)),
            Event::Opened { cluster, what, scenarios } => {
                let opened = Opened { what: (*what).to_owned(), scenarios: owned(scenarios) };
                self.cluster(cluster).opened.push(opened);
            }
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                let failed = Failed { trouble: (*trouble).clone(), scenarios: owned(scenarios) };
                self.cluster(cluster).failed.push(failed);
            }
            Event::Finished(outcome) => self.scenarios.push(Scenario::from(*outcome)),
            Event::Summary(summary) => {
                let clusters = std::mem::take(&mut self.clusters);
                let runs = match &self.origin {
                    Origin::Merged(runs) => runs.clone(),
                    Origin::Run(shard) => vec![Run {
                        clusters: clusters.iter().map(|known| known.name.clone()).collect(),
                        shard: shard.clone(),
                        interrupted: summary.interrupted,
                        seconds: seconds(summary.took),
                    }],
                };
                let scenarios = std::mem::take(&mut self.scenarios);
                let document = Document { format: FORMAT, runs, clusters, scenarios, summary: (*summary).into() };
                serde_json::to_writer_pretty(&mut self.out, &document)?;
                writeln!(self.out)?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}
