// What is known: what came of each scenario on each cluster, and the clusters that could not be opened.
const CLUSTERS = [...new Set([...DATA.clusters, ...DATA.scenarios].map(known => known.cluster))];
// From worst to best; `new` passed with something that nobody recorded.
const STATUSES = ['broken', 'failed', 'new', 'passed', 'skipped'];
const WORDS = { broken: 'could not run', failed: 'failed', new: 'not recorded yet', passed: 'passed', skipped: 'skipped' };
const SIGNS = { broken: '!', failed: '✕', new: '+', passed: '✓', skipped: '–' };

const isNew = scenario => scenario.steps.some(step => step.verdict.kind === 'unrecorded');
const statusOf = scenario => (scenario.status === 'passed' && isNew(scenario) ? 'new' : scenario.status);
const isWrong = entry => entry.status === 'broken' || entry.status === 'failed';

// An entry of the list stands for some scenarios: one, or all those of a cluster that could not be opened.
const ofScenario = scenario =>
  ({ scenario, ids: [scenario.id], cluster: scenario.cluster, status: statusOf(scenario), key: `${scenario.id}@${scenario.cluster}` });
const ofCluster = (failed, at) => ({ failed, ids: failed.ids, cluster: failed.cluster, status: 'broken', key: `${at}@${failed.cluster}` });
const order = (a, b) =>
  STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) || (a.failed ? 0 : 1) - (b.failed ? 0 : 1) ||
  (a.ids[0] < b.ids[0] ? -1 : a.ids[0] > b.ids[0] ? 1 : CLUSTERS.indexOf(a.cluster) - CLUSTERS.indexOf(b.cluster));
const ENTRIES = [...DATA.clusters.filter(cluster => cluster.trouble).map(ofCluster), ...DATA.scenarios.map(ofScenario)].sort(order);

// The scenarios, the worst first, and what came of each on a cluster. One that could not be opened says nothing of them.
const IDS = [...new Set([...ENTRIES.filter(entry => entry.scenario), ...ENTRIES].flatMap(entry => entry.ids))];
const PLACES = new Map(ENTRIES.flatMap(entry => entry.ids.map(id => [`${id}@${entry.cluster}`, entry])));
const entryOf = (id, cluster) => PLACES.get(`${id}@${cluster}`);

const countOf = status => ENTRIES.filter(entry => entry.status === status).reduce((sum, entry) => sum + entry.ids.length, 0);
const TOTAL = STATUSES.map(countOf).reduce((sum, number) => sum + number, 0);

// Every text of a value, one a line.
function textsOf(value) {
  if (Array.isArray(value)) return value.map(textsOf).join('\n');
  return value && typeof value === 'object' ? textsOf(Object.values(value)) : typeof value === 'string' ? value : '';
}

// The words of an entry, for the search.
function wordsOf(entry) {
  entry.words = entry.words || textsOf(entry.scenario || entry.failed).toLowerCase();
  return entry.words;
}

// A time as on the terminal.
function seconds(time) {
  return time < 1 ? `${(time * 1e3).toFixed(1)} ms` : `${time.toFixed(2)} s`;
}
