//! Events in an order that does not depend on what ends first: clusters as they were named, scenarios as they are sorted.

use std::collections::VecDeque;
use std::io;

use super::Reporter;
use crate::run::{Event, ScenarioOutcome, Trouble};

/// Holds back what comes before its turn. What is going on (`Opening`, `Started`) is not handed on at all: it has no
/// order.
pub struct Ordered<R> {
    report: R,
    /// The clusters that are not over, the one whose turn it is first.
    clusters: VecDeque<Cluster>,
}

/// What is known of a cluster and was not reported yet.
struct Cluster {
    name: String,
    is_closed: bool,
    ready: VecDeque<Ready>,
    /// The scenarios that are still to come, in order.
    order: VecDeque<String>,
    /// Scenarios that ended before their turn.
    early: Vec<ScenarioOutcome>,
}

/// Something whose turn it is as far as its own cluster goes.
enum Ready {
    Opened { what: String, scenarios: Vec<String> },
    Failed { trouble: Trouble, scenarios: Vec<String> },
    Finished(Box<ScenarioOutcome>),
}

impl<R: Reporter> Ordered<R> {
    /// The same report, in order.
    pub fn new(report: R) -> Self {
        Self { report, clusters: VecDeque::new() }
    }

    fn cluster(&mut self, name: &str) -> &mut Cluster {
        let known = self.clusters.iter().position(|cluster| cluster.name == name);
        let index = known.unwrap_or_else(|| {
            self.clusters.push_back(Cluster::new(name));
            self.clusters.len() - 1
        });
        &mut self.clusters[index]
    }

    /// Reports whatever has its turn.
    fn report(&mut self) -> io::Result<()> {
        while let Some(first) = self.clusters.front_mut() {
            while let Some(ready) = first.ready.pop_front() {
                ready.tell(&first.name, &mut self.report)?;
            }
            if !first.is_closed {
                return Ok(());
            }
            self.clusters.pop_front();
        }
        Ok(())
    }
}

impl Cluster {
    fn new(name: &str) -> Self {
        let (ready, order) = (VecDeque::new(), VecDeque::new());
        Self { name: name.to_owned(), is_closed: false, ready, order, early: Vec::new() }
    }

    fn finished(&mut self, outcome: ScenarioOutcome) {
        self.early.push(outcome);
        while let Some(next) = self.order.front()
            && let Some(index) = self.early.iter().position(|outcome| outcome.id == *next)
        {
            self.ready.push_back(Ready::Finished(Box::new(self.early.remove(index))));
            self.order.pop_front();
        }
    }

    /// Nothing more comes of what was opened: what ended early has its turn, whatever is missing before it.
    fn flush(&mut self) {
        let order = std::mem::take(&mut self.order);
        let place = |outcome: &ScenarioOutcome| order.iter().position(|id| *id == outcome.id);
        self.early.sort_by_key(|outcome| place(outcome).unwrap_or(usize::MAX));
        self.ready.extend(self.early.drain(..).map(|outcome| Ready::Finished(Box::new(outcome))));
    }
}

impl Ready {
    fn tell(&self, cluster: &str, report: &mut impl Reporter) -> io::Result<()> {
        match self {
            Self::Opened { what, scenarios } => {
                report.event(&Event::Opened { cluster, what, scenarios: &borrowed(scenarios) })
            }
            Self::Failed { trouble, scenarios } => {
                report.event(&Event::ClusterFailed { cluster, trouble, scenarios: &borrowed(scenarios) })
            }
            Self::Finished(outcome) => report.event(&Event::Finished(outcome)),
        }
    }
}

fn borrowed(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

impl<R: Reporter> Reporter for Ordered<R> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Opening { .. } | Event::Started { .. } => return Ok(()),
            Event::Queued { cluster } => {
                self.cluster(cluster);
                return self.report.event(event);
            }
            Event::Opened { cluster, what, scenarios } => {
                let cluster = self.cluster(cluster);
                cluster.flush();
                cluster.order = owned(scenarios).into();
                cluster.ready.push_back(Ready::Opened { what: (*what).to_owned(), scenarios: owned(scenarios) });
            }
            Event::ClusterFailed { cluster, trouble, scenarios } => {
                let cluster = self.cluster(cluster);
                cluster.flush();
                let (trouble, scenarios) = ((*trouble).clone(), owned(scenarios));
                cluster.ready.push_back(Ready::Failed { trouble, scenarios });
            }
            Event::Finished(outcome) => self.cluster(&outcome.cluster).finished((*outcome).clone()),
            Event::Closed { cluster } => {
                let cluster = self.cluster(cluster);
                cluster.flush();
                cluster.is_closed = true;
            }
            Event::Summary(_) => {
                for cluster in &mut self.clusters {
                    cluster.flush();
                    cluster.is_closed = true;
                }
                self.report()?;
                return self.report.event(event);
            }
        }
        self.report()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::run::Summary;

    /// Writes down what it hears.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl Reporter for Heard {
        fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
            let line = match event {
                Event::Opened { cluster, scenarios, .. } => format!("{cluster} of {}", scenarios.len()),
                Event::ClusterFailed { cluster, .. } => format!("{cluster} failed"),
                Event::Finished(outcome) => format!("{} {}", outcome.cluster, outcome.id),
                Event::Summary(_) => "summary".to_owned(),
                Event::Queued { cluster } => format!("{cluster}?"),
                other => panic!("{other:?} has no order"),
            };
            self.0.lock().unwrap().push(line);
            Ok(())
        }
    }

    impl Heard {
        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn outcome(cluster: &str, id: &str) -> ScenarioOutcome {
        ScenarioOutcome::blank(id, cluster, "v1.36.3".parse().unwrap())
    }

    #[test]
    fn what_ends_first_waits_for_its_turn() {
        let heard = Heard::default();
        let mut ordered = Ordered::new(heard.clone());
        let mut tell = |event: Event<'_>| {
            ordered.event(&event).unwrap();
            heard.take()
        };
        let opened = |cluster| Event::Opened { cluster, what: "", scenarios: &["a", "b"] };
        for cluster in ["one", "two", "three"] {
            assert_eq!(tell(Event::Queued { cluster }), [format!("{cluster}?")]);
        }
        assert_eq!(tell(opened("two")), [""; 0]);
        assert_eq!(tell(Event::Finished(&outcome("two", "b"))), [""; 0]);
        assert_eq!(tell(opened("one")), ["one of 2"]);
        assert_eq!(tell(Event::Finished(&outcome("one", "b"))), [""; 0]);
        assert_eq!(tell(Event::Finished(&outcome("one", "a"))), ["one a", "one b"]);
        assert_eq!(tell(Event::Finished(&outcome("two", "a"))), [""; 0]);
        assert_eq!(tell(Event::Closed { cluster: "one" }), ["two of 2", "two a", "two b"]);
        // A run that is interrupted leaves gaps.
        assert_eq!(tell(opened("three")), [""; 0]);
        assert_eq!(tell(Event::Finished(&outcome("three", "b"))), [""; 0]);
        assert_eq!(tell(Event::Summary(&Summary::default())), ["three of 2", "three b", "summary"]);
    }

    #[test]
    fn a_cluster_may_be_opened_in_several_set_ups() {
        let heard = Heard::default();
        let mut ordered = Ordered::new(heard.clone());
        let mut tell = |event: Event<'_>| ordered.event(&event).unwrap();
        tell(Event::Opened { cluster: "one", what: "", scenarios: &["b"] });
        tell(Event::Finished(&outcome("one", "b")));
        tell(Event::Opened { cluster: "one", what: "", scenarios: &["a"] });
        tell(Event::Finished(&outcome("one", "a")));
        let trouble = Trouble { message: String::new(), help: None };
        tell(Event::ClusterFailed { cluster: "one", trouble: &trouble, scenarios: &["c"] });
        assert_eq!(heard.take(), ["one of 1", "one b", "one of 1", "one a", "one failed"]);
    }
}
