// What came of a scenario: its line, and all of it once that is opened.
const sign = status => h('i', { class: `cell ${status}`, 'aria-hidden': true }, SIGNS[status]);
const advice = text => text && h('p', { class: 'help' }, h('span', {}, 'help: '), text);
const trouble = ({ message, help }) => [h('pre', { class: 'trouble' }, message), advice(help)];
const command = ({ what, command, remark }) => h('p', { class: 'hint' }, `${what}: `, h('code', {}, command), remark);

// Where the time went: a stretch for each step, and what is left for set-up and clean-up.
function timeline(scenario) {
  const steps = scenario.steps.filter(step => step.seconds > 0);
  const spent = steps.reduce((sum, step) => sum + step.seconds, 0);
  // Steps during another one count twice.
  const whole = Math.max(scenario.seconds, spent);
  if (!whole || !steps.length) return null;
  const share = time => `${Math.round(time / whole * 100)} %`;
  const parts = steps.map(step => ({ name: step.label, time: step.seconds, kind: step.isWrong ? 'wrong' : '' }));
  if (whole > spent) parts.push({ name: 'set-up and clean-up', time: whole - spent, kind: 'rest' });
  const longest = [...parts].sort((a, b) => b.time - a.time).slice(0, 3).map(({ name, time }) => `${name} ${seconds(time)} (${share(time)})`);
  const stretch = ({ name, time, kind }) =>
    h('i', { class: kind, style: `flex-grow: ${time / whole}`, title: `${name}: ${seconds(time)}` });
  return h('div', { class: 'timeline' },
    h('div', { class: 'bar', role: 'img', 'aria-label': 'where the time went' }, parts.map(stretch)),
    h('p', {}, `${seconds(scenario.seconds)}, most of it in ${longest.join(', ')}`));
}

function factsOf(scenario) {
  const step = scenario.steps.find(known => known.isWrong);
  const rows = [
    ['Cluster', `${scenario.cluster}, ${scenario.version}`],
    ['Set up with', scenario.setup],
    ['File', step ? `${step.file}:${step.line}:${step.column}` : scenario.file],
    ['Runs', scenario.runs > 1 ? `${scenario.runs}, ${scenario.failedRuns} of them failed` : null],
    ['Left out', scenario.skipped],
  ];
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

const folded = (name, isOpen, content) => h('details', { class: 'part', open: isOpen }, h('summary', {}, name), content);

function stepOf(step, scenario) {
  const { kind } = step.verdict;
  const chip = h('span', { class: `chip ${step.isWrong ? 'wrong' : kind}` }, step.says);
  const time = h('span', { class: 'time' }, step.attempts ? seconds(step.seconds) : '');
  if (!step.attempts && !step.isWrong) return h('div', { class: 'step idle' }, h('h3', {}, step.label), chip, time);
  const tries = step.attempts > 1 ? `, ${step.attempts} attempts` : '';
  const isCompared = kind === 'changed' || kind === 'unstable';
  const answer = step.answer && step.answer.trimEnd();
  return h('details', { class: 'step', open: step.isWrong }, h('summary', {}, h('h3', {}, step.label), chip, time),
    h('p', { class: 'caption' }, h('span', {}, `${step.file}:${step.line}:${step.column}${tries}`)),
    step.requests.length ? h('pre', { class: 'does', tabindex: 0, 'aria-label': 'requests' }, step.requests.join('\n')) : null,
    expectedAndActual(step, scenario.version).flat(),
    kind === 'broken' ? trouble(step.verdict.trouble) : null,
    advice(step.advice),
    step.body && folded('the body of the request', false, block(step.body.trimEnd(), 'body')),
    answer && folded(isCompared ? 'the whole answer' : 'the answer', step.isAnswerWanted || !step.isWrong, block(answer, 'answer')));
}

function contentOf({ scenario, failed }) {
  if (failed) return [...trouble(failed.trouble), folded(`its ${count(failed.ids.length, 'scenario')}`, false, h('p', { class: 'ids' }, failed.ids.join(', ')))];
  return [
    factsOf(scenario),
    scenario.trouble.flatMap(trouble),
    timeline(scenario),
    scenario.steps.map(step => stepOf(step, scenario)),
    scenario.left.length ? h('p', { class: 'left' }, `left on the cluster: ${scenario.left.join(', ')}`) : null,
    scenario.toRemove && h('p', { class: 'hint' }, scenario.toRemove),
    isWrong(scenario) && scenario.hints.map(command),
  ];
}

// The entry of the list. What is in it is made when it is opened first: a run may have a thousand of them. `opened` is told when
// somebody opens it.
function entryElement(entry, opened) {
  const { scenario, failed, status, cluster } = entry;
  const remarks = scenario ? [scenario.skipped, ...scenario.remarks].filter(remark => remark).join(', ') : '';
  const said = failed ? `could not be opened: ${count(failed.ids.length, 'scenario')} could not run` : scenario.title;
  const element = h('details', { class: `entry ${status}`, 'data-key': entry.key },
    h('summary', {}, sign(status),
      h('h2', {}, failed ? cluster : scenario.id, h('span', { class: 'unseen' }, `, ${WORDS[status]}, `), h('small', {}, said)),
      h('span', { class: 'remark' }, [failed || CLUSTERS.length === 1 ? '' : cluster, remarks].filter(part => part).join(' · ')),
      h('span', { class: 'time' }, scenario && !scenario.skipped ? seconds(scenario.seconds) : '')));
  const fill = () => {
    if (element.children.length === 1) element.append(h('div', { class: 'content' }, contentOf(entry).flat(3)));
  };
  element.firstChild.addEventListener('click', () => {
    if (element.open) return;
    fill();
    opened(entry);
  });
  entry.open = () => { fill(); element.open = true; };
  entry.element = element;
  return element;
}
