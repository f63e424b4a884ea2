// The report of an upgrade: objects, the gravest first, by what is to be said of them.
const SEVERITIES = { 'needs-attention': 'to attend to', 'worth-knowing': 'worth knowing', '': 'unaffected' };
const GRAVITY = Object.keys(SEVERITIES);
const severityOf = object => object.severity || '';

function finding({ severity, version, topic, text, lines, advice }) {
  return h('div', { class: 'finding' },
    h('p', {}, h('span', { class: `topic ${severity}` }, topic.replace(/-/g, ' ')), ` ${version} – ${text}`),
    lines.length ? h('pre', { tabindex: 0 }, lines.join('\n')) : null,
    advice ? h('p', { class: 'advice' }, advice) : null);
}

function entry(object) {
  const head = [h('h2', {}, object.object, ' ', h('small', {}, `${object.apiVersion}, ${object.at}`))];
  const said = [...object.findings].sort((a, b) => GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity));
  const once = said.filter(({ topic }, at) => said.findIndex(other => other.topic === topic) === at);
  const topics = once.map(({ severity, topic }) => h('span', { class: `topic ${severity}` }, topic.replace(/-/g, ' ')));
  const element = said.length
    ? h('details', { class: 'object', open: severityOf(object) === 'needs-attention' }, h('summary', {}, head, topics), said.map(finding))
    : h('div', { class: 'object' }, head);
  return { element, severity: severityOf(object), words: JSON.stringify(object).toLowerCase() };
}

const ENTRIES = [...DATA.objects].sort((a, b) => GRAVITY.indexOf(severityOf(a)) - GRAVITY.indexOf(severityOf(b))).map(entry);
let only = null;

function show() {
  const query = $('search').value;
  let shown = 0;
  for (const { element, severity, words } of ENTRIES) {
    element.hidden = (only !== null && severity !== only) || !isFound(words, query);
    shown += element.hidden ? 0 : 1;
  }
  for (const button of $('filters').children) button.setAttribute('aria-pressed', String(button.dataset.severity === only));
  $('none').textContent = shown ? '' : 'There is no such object.';
}

for (const severity of GRAVITY) {
  const number = ENTRIES.filter(entry => entry.severity === severity).length;
  const toggle = () => { only = only === severity ? null : severity; show(); };
  $('filters').append(h('button', { type: 'button', 'data-severity': severity, onclick: toggle }, `${number} ${SEVERITIES[severity]}`));
}
const grave = DATA.summary.needAttention;
$('verdict').append(grave ? `${count(grave, 'object')} of ${DATA.objects.length} ${grave === 1 ? 'needs' : 'need'} attention` : 'Nothing needs attention');
$('course').append(DATA.course);
$('shortfall').append(DATA.shortfall.filter(Boolean).join('\n'));
$('list').append(...ENTRIES.map(entry => entry.element));
if (DATA.leftOut.length) {
  const row = ({ object, why }) => h('li', {}, `${object}: ${why}`);
  $('rest').append(h('details', {}, h('summary', {}, `${count(DATA.leftOut.length, 'object')} left out`), h('ul', {}, DATA.leftOut.map(row))));
}
$('search').addEventListener('input', show);
show();
