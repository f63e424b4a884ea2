//! Several JSON reports as one, as if it had been one run.
//!
//! What stands in several of them - a shard that failed and was run again - counts as the last of them says, in the order in
//! which they are named. Merging is associative: a report that was merged can be merged again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::document::{Run, ShardOf};
use super::read::Report;
use super::words::status_word;
use super::{Reporter, words};
use crate::run::{Event, ScenarioOutcome, Status, Summary, Trouble};

/// What several reports tell together.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The runs they tell of, in order.
    pub runs: Vec<Run>,
    /// How many scenarios came to which end.
    pub summary: Summary,
    /// What came to another end in another report, and which one counts; a line each.
    pub again: Vec<String>,
    /// Why this is not all that was to be run; a line each.
    pub missing: Vec<String>,
    clusters: Vec<Cluster>,
}

#[derive(Debug, Clone)]
struct Cluster {
    name: String,
    groups: Vec<Group>,
    ends: BTreeMap<String, End>,
}

/// Scenarios for which a cluster was opened, or could not be.
#[derive(Debug, Clone, PartialEq)]
enum Group {
    Opened(String),
    Failed(Trouble),
}

/// What came of a scenario on a cluster.
#[derive(Debug, Clone)]
struct End {
    /// To which group it belongs.
    group: usize,
    /// None if it could not be tried, or was not in the end.
    outcome: Option<Box<ScenarioOutcome>>,
    /// From which report.
    report: usize,
}

/// Merges reports, each with the name it is called by.
pub fn merge(reports: Vec<(String, Report)>) -> Merged {
    let mut merging = Merging::default();
    let mut runs: Vec<Run> = Vec::new();
    let mut summary = Summary::default();
    for (name, report) in reports {
        summary.took = summary.took.max(report.took());
        runs.extend(report.runs.iter().cloned());
        merging.names.push(name);
        merging.add(report);
    }
    for cluster in &merging.clusters {
        for end in cluster.ends.values() {
            match (&end.outcome, &cluster.groups[end.group]) {
                (Some(outcome), _) => summary.add(outcome),
                (None, Group::Failed(_)) => summary.broken += 1,
                (None, Group::Opened(_)) => {}
            }
        }
    }
    let missing = missing(&runs);
    Merged { runs, summary, again: merging.again, missing, clusters: merging.clusters }
}

#[derive(Default)]
struct Merging {
    names: Vec<String>,
    clusters: Vec<Cluster>,
    again: Vec<String>,
}

impl Merging {
    fn cluster(&mut self, name: &str) -> usize {
        self.clusters.iter().position(|cluster| cluster.name == name).unwrap_or_else(|| {
            self.clusters.push(Cluster { name: name.to_owned(), groups: Vec::new(), ends: BTreeMap::new() });
            self.clusters.len() - 1
        })
    }

    /// Adds the report whose name was added last.
    fn add(&mut self, report: Report) {
        let number = self.names.len() - 1;
        let mut outcomes: BTreeMap<(String, String), Box<ScenarioOutcome>> = BTreeMap::new();
        for outcome in report.outcomes {
            outcomes.insert((outcome.cluster.clone(), outcome.id.clone()), Box::new(outcome));
        }
        for cluster in report.clusters {
            let index = self.cluster(&cluster.name);
            let opened = cluster.opened.into_iter().map(|opened| (Group::Opened(opened.what), opened.scenarios));
            let failed = cluster.failed.into_iter().map(|failed| (Group::Failed(failed.trouble), failed.scenarios));
            for (group, ids) in opened.chain(failed) {
                let group = self.clusters[index].group(group);
                for id in ids {
                    let outcome = outcomes.remove(&(cluster.name.clone(), id.clone()));
                    self.end(index, id, End { group, outcome, report: number });
                }
            }
        }
    }

    fn end(&mut self, cluster: usize, id: String, end: End) {
        let cluster = &mut self.clusters[cluster];
        let Some(known) = cluster.ends.get(&id) else {
            cluster.ends.insert(id, end);
            return;
        };
        let status = |end: &End| match (&end.outcome, &cluster.groups[end.group]) {
            (Some(outcome), _) => Some(outcome.status()),
            (None, Group::Failed(_)) => Some(Status::Broken),
            (None, Group::Opened(_)) => None,
        };
        // One that did not come to any end says nothing.
        let Some(now) = status(&end) else { return };
        if let Some(before) = status(known).filter(|before| *before != now) {
            let (before, now) = (status_word(before), status_word(now));
            let (first, last) = (&self.names[known.report], &self.names[end.report]);
            let name = &cluster.name;
            self.again.push(format!("{id} on {name}: {before} in {first}, {now} in {last}, which counts"));
        }
        cluster.ends.insert(id, end);
    }
}

impl Cluster {
    fn group(&mut self, group: Group) -> usize {
        self.groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        })
    }

    fn play(&self, reporter: &mut impl Reporter) -> io::Result<()> {
        let cluster = self.name.as_str();
        for (index, group) in self.groups.iter().enumerate() {
            let ends = || self.ends.iter().filter(|(_, end)| end.group == index);
            let ids: Vec<&str> = ends().map(|(id, _)| id.as_str()).collect();
            if ids.is_empty() {
                continue;
            }
            let head = match group {
                Group::Opened(what) => Event::Opened { cluster, what, scenarios: &ids },
                Group::Failed(trouble) => Event::ClusterFailed { cluster, trouble, scenarios: &ids },
            };
            reporter.event(&head)?;
            let mut outcomes = ends().filter_map(|(_, end)| end.outcome.as_deref());
            outcomes.try_for_each(|outcome| reporter.event(&Event::Finished(outcome)))?;
        }
        reporter.event(&Event::Closed { cluster })
    }
}

impl Merged {
    /// Tells everything again, as a run would have.
    pub fn play(&self, reporter: &mut impl Reporter) -> io::Result<()> {
        for Cluster { name, .. } in &self.clusters {
            reporter.event(&Event::Queued { cluster: name })?;
        }
        self.clusters.iter().try_for_each(|cluster| cluster.play(reporter))?;
        reporter.event(&Event::Summary(&self.summary))
    }
}

/// Which shards are not there, or were interrupted and not run again.
pub(super) fn missing(runs: &[Run]) -> Vec<String> {
    let mut shards: BTreeMap<(&str, u16, &str), BTreeMap<u16, bool>> = BTreeMap::new();
    let mut said = BTreeSet::new();
    for run in runs {
        for cluster in &run.clusters {
            match &run.shard {
                Some(ShardOf { of, partition, number }) => {
                    let shard = shards.entry((cluster, *of, partition)).or_default();
                    shard.insert(*number, run.interrupted);
                }
                None if run.interrupted => {
                    said.insert(format!("{cluster}: a run was interrupted"));
                }
                None => {}
            }
        }
    }
    let divisions = |cluster: &str| shards.keys().filter(|(other, ..)| *other == cluster).count();
    for ((cluster, of, _), known) in &shards {
        let absent: Vec<String> =
            (1..=*of).filter(|number| !known.contains_key(number)).map(|number| format!("{number}/{of}")).collect();
        let cut: Vec<String> =
            known.iter().filter(|(_, cut)| **cut).map(|(number, _)| format!("{number}/{of}")).collect();
        for (list, word) in [(absent, "no report of"), (cut, "interrupted:")] {
            if !list.is_empty() {
                said.insert(format!("{cluster}: {word} {} {}", words::plural(list.len(), "shard"), list.join(", ")));
            }
        }
        if divisions(cluster) > 1 {
            said.insert(format!(
                "{cluster}: its shards are of several divisions: the number of shards, the scenarios or their durations \
                 were not the same everywhere"
            ));
        }
    }
    said.into_iter().collect()
}
