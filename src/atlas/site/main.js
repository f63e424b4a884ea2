// The page: one state, held in the address, shown by the matrix and the panel.
const NOTHING = { id: '', step: '', at: -1, from: -1, to: -1, q: '' };
let state = { ...NOTHING };

// The address, as in #id=tokens/pod-bound&at=v1.30 or #from=v1.23&to=v1.24&q=secret.
function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const column = name => columnOf(given.get(name) || '');
  const scenario = scenarioOf(given.get('id') || '');
  const id = scenario ? scenario.id : '';
  const step = scenario && scenario.steps.some(known => known.key === given.get('step')) ? given.get('step') : '';
  const at = column('at') >= 0 ? column('at') : COLUMNS.length - 1;
  const [from, to] = [column('from'), column('to')];
  return { id, step, at, ...(from < to ? { from, to } : { from: -1, to: -1 }), q: given.get('q') || '' };
}

function write() {
  const parts = [];
  const label = at => COLUMNS[at].label;
  if (state.id) parts.push(['id', state.id]);
  if (state.id && state.step) parts.push(['step', state.step]);
  if (isCompared()) parts.push(['from', label(state.from)], ['to', label(state.to)]);
  else if (state.id) parts.push(['at', label(state.at)]);
  if (state.q) parts.push(['q', state.q]);
  history.replaceState(null, '', addressOf(parts));
}

const isCompared = () => state.from >= 0 && state.to > state.from;

function go(change, isClick) {
  if (change.at !== undefined && isCompared()) Object.assign(change, { from: -1, to: -1 });
  state = { ...state, ...change };
  write();
  show();
  if (isClick && matchMedia('(max-width: 900px)').matches && document.activeElement.matches(':not(:focus-visible)')) {
    $('panel').scrollIntoView({ block: 'start', behavior: 'smooth' });
  }
}

function show() {
  const { id, step, at, from, to, q } = state;
  const scenario = scenarioOf(id);
  const keep = candidate => found(candidate, q) && (!isCompared() || differing(candidate, from, to).length > 0);
  const shown = matrix.filter(keep);
  matrix.mark(state);
  $('none').textContent = shown ? '' : q ? `Nothing is called, asks or answers “${q}”.` : 'Nothing differs between these versions.';
  $('summary').textContent = `${shown === SCENARIOS.length ? shown : `${shown} of ${SCENARIOS.length}`} behaviours of Kubernetes ` +
    `on ${COLUMNS.length ? `${COLUMNS[0].label} to ${COLUMNS[COLUMNS.length - 1].label}` : 'no version yet'}, as real control planes answered`;
  $('search').value = q;
  $('from').value = isCompared() ? from : '';
  $('to').value = isCompared() ? to : '';
  const back = h('p', {}, h('button', { type: 'button', onclick: () => go({ id: '', step: '' }) }, '← all that differs'));
  const content = isCompared() ? (scenario ? [back, between(scenario, from, to)] : overview(from, to, go))
    : scenario ? onVersion(scenario, at, step, go) : welcome(go);
  $('panel').replaceChildren(...content.flat(3).filter(part => part));
  $('panel').scrollTop = 0;
  const wanted = step && $('panel').querySelector(`[data-step="${CSS.escape(step)}"]`);
  if (wanted && wanted.previousElementSibling && wanted.previousElementSibling.matches('.step')) {
    $('panel').scrollTop = wanted.offsetTop - $('panel').offsetTop;
  }
}

function compare() {
  let [from, to] = [$('from').value, $('to').value].map(value => (value === '' ? -1 : Number(value)));
  if (from < 0 && to > 0) from = to - 1;
  if (to < 0 && from >= 0) to = from + 1;
  if (from > to) [from, to] = [to, from];
  go(from >= 0 && to < COLUMNS.length && from < to ? { from, to, id: '', step: '' } : { from: -1, to: -1 });
}

for (const id of ['from', 'to']) {
  $(id).append(h('option', { value: '' }, '–'), ...COLUMNS.map((column, at) => h('option', { value: at }, column.label)));
  $(id).addEventListener('change', compare);
}
$('search').addEventListener('input', event => go({ q: event.target.value }));
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && (state.q || isCompared())) go({ q: '', from: -1, to: -1 });
});
addEventListener('hashchange', () => { state = read(); show(); matrix.reveal(); });

const matrix = new Matrix($('matrix'), go);
state = read();
show();
matrix.reveal();
document.documentElement.dataset.ready = 'true';
