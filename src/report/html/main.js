// The page: one state, held in the address, shown by the head, the matrix and the list.
const NOTHING = { id: '', on: '', status: '', q: '' };
let state = { ...NOTHING };

// The address, as in #status=failed&q=secret or #id=tokens/pod-bound&on=local:v1.36.
function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const [id, on, status] = ['id', 'on', 'status'].map(name => given.get(name) || '');
  const chosen = entryOf(id, on) ? { id, on } : {};
  return { ...NOTHING, ...chosen, status: STATUSES.includes(status) ? status : '', q: given.get('q') || '' };
}

function write() {
  history.replaceState(null, '', addressOf(Object.entries(state).filter(([, value]) => value)));
}

const isShown = entry => (!state.status || entry.status === state.status) && (!state.q || isFound(wordsOf(entry), state.q));

function go(change) {
  state = { ...state, ...change };
  write();
  show();
}

function show() {
  let shown = 0;
  for (const entry of ENTRIES) {
    entry.element.hidden = !isShown(entry);
    shown += entry.element.hidden ? 0 : 1;
  }
  for (const tr of $('matrix').querySelectorAll('tr[data-id]')) {
    tr.hidden = !ENTRIES.some(entry => !entry.element.hidden && entry.ids.includes(tr.dataset.id));
  }
  for (const button of $('filters').children) button.setAttribute('aria-pressed', String(button.dataset.status === state.status));
  $('search').value = state.q;
  $('none').textContent = shown || !ENTRIES.length ? '' : state.q ? `Nothing is called, asks or answers “${state.q}”.` : 'No scenario ended so.';
}

// Opens an entry and brings it into view, whatever is filtered.
function visit(entry, id) {
  go({ id, on: entry.cluster, ...(isShown(entry) ? {} : { status: '', q: '' }) });
  entry.open();
  entry.element.scrollIntoView({ block: 'start' });
  entry.element.firstChild.focus({ preventScroll: true });
}

// What somebody opens is where the address leads.
function opened(entry) {
  state = { ...state, id: entry.ids[0], on: entry.cluster };
  write();
}

function head() {
  const { broken, failed, seconds: took } = DATA.summary;
  const wrong = [[failed, 'failed'], [broken, 'could not run']].filter(([number]) => number);
  const hasRun = TOTAL > countOf('skipped');
  const words = wrong.length ? wrong.map(([number, word]) => `${number} ${word}`).join(', ') : hasRun ? 'All held' : 'Nothing was run';
  const status = broken ? 'broken' : failed ? 'failed' : hasRun ? 'passed' : 'skipped';
  $('verdict').append(sign(status), words);
  document.title = `${SIGNS[status]} ${words} – Rehearsal`;
  const began = `${DATA.began.slice(0, 10)} ${DATA.began.slice(11, 19)} UTC`;
  $('when').textContent = `${count(TOTAL, 'scenario')} on ${count(CLUSTERS.length, 'cluster')} in ${seconds(took)}, begun ${began}`;
  $('shares').setAttribute('aria-label', STATUSES.filter(countOf).map(known => `${countOf(known)} ${WORDS[known]}`).join(', '));
  $('shares').append(...STATUSES.filter(countOf).map(known => h('i', { class: known, style: `flex-grow: ${countOf(known)}` })));
}

function clusters() {
  const line = known =>
    (known.trouble ? h('p', { class: 'wrong' }, `could not be opened: ${known.trouble.message}`) : h('p', {}, known.what));
  // The first as it is by default; others are set up otherwise.
  const said = name => {
    const all = DATA.clusters.filter(({ cluster }) => cluster === name);
    const others = all.slice(1).filter(known => !known.trouble);
    const more = others.length ? folded(`and set up otherwise, ${count(others.length, 'time')}`, false, others.map(line)) : null;
    return [...all.filter((known, at) => !at || known.trouble).map(line), more];
  };
  const list = h('dl', { class: 'facts' }, CLUSTERS.flatMap(name => [h('dt', {}, name), h('dd', {}, ...said(name))]));
  const FEW = 4;
  $('clusters').append(CLUSTERS.length > FEW ? h('details', { class: 'part' }, h('summary', {}, count(CLUSTERS.length, 'cluster')), list) : list);
}

// A row a scenario, a column a cluster.
function matrix() {
  if (CLUSTERS.length < 2) return;
  const kinds = new Set(CLUSTERS.map(name => name.split(':')[0]));
  const short = name => (kinds.size === 1 ? name.slice(name.indexOf(':') + 1) : name);
  const cell = (id, cluster) => {
    const entry = entryOf(id, cluster);
    if (!entry) return h('td', {});
    const label = `${id} on ${cluster}: ${WORDS[entry.status]}`;
    return h('td', { role: 'presentation' }, h('button', { type: 'button', role: 'gridcell', tabindex: -1, class: `cell ${entry.status}`,
      'aria-label': label, title: label, onclick: () => visit(entry, id) }, SIGNS[entry.status]));
  };
  const rows = IDS.map(id => h('tr', { role: 'row', 'data-id': id }, h('th', { scope: 'row' }, id), CLUSTERS.map(name => cell(id, name))));
  const table = h('table', { role: 'grid', 'aria-label': 'Scenarios by cluster', onkeydown: event => moved(table, event) },
    h('thead', {}, h('tr', { role: 'row' }, h('th', { scope: 'col' }, 'scenario'), CLUSTERS.map(name => h('th', { scope: 'col', title: name }, short(name))))),
    h('tbody', {}, rows));
  $('matrix').append(table);
  reach(table, table.querySelector('.cell'));
  $('across').hidden = false;
}

function filters() {
  const button = (status, words, number) =>
    h('button', { type: 'button', 'data-status': status, 'aria-pressed': 'false', onclick: () => go({ status: state.status === status ? '' : status }) },
      status ? sign(status) : null, `${words} `, h('small', {}, String(number)));
  $('filters').append(button('', 'all', TOTAL), ...STATUSES.filter(countOf).map(status => button(status, WORDS[status], countOf(status))));
}

document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && (state.q || state.status)) return go({ q: '', status: '' });
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.target.matches('input') || event.ctrlKey || event.metaKey || event.altKey) return;
  const shown = ENTRIES.filter(entry => !entry.element.hidden).map(entry => entry.element);
  const at = shown.findIndex(element => element.contains(document.activeElement));
  const next = shown[at < 0 ? 0 : Math.min(Math.max(at + step, 0), shown.length - 1)];
  if (!next) return;
  next.firstChild.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
});
$('search').addEventListener('input', event => go({ q: event.target.value }));

// Goes to what the address names, or shows what went wrong.
function arrive() {
  state = read();
  show();
  const entry = state.id && entryOf(state.id, state.on);
  if (entry) visit(entry, state.id);
}

head();
clusters();
filters();
matrix();
$('list').append(...ENTRIES.map(entry => entryElement(entry, opened)));
// Failures are unfolded; many of them only as far as one reads.
const UNFOLDED = 20;
ENTRIES.filter(isWrong).slice(0, UNFOLDED).forEach(entry => entry.open());
addEventListener('hashchange', arrive);
arrive();
document.documentElement.dataset.ready = 'true';
