// The details: a scenario on a version, or what differs between two.
const CONTEXT = 3;

// The little Markdown that an `about` uses: paragraphs, lists, code, strong, links.
function prose(markdown) {
  const inline = text => text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\(https?:[^)\s]+\)|<https?:[^>\s]+>)/).map(part => {
    const link = part.match(/^\[([^\]]+)\]\((https?:[^)]+)\)$/) || part.match(/^<((https?:[^>]+))>$/);
    if (link) return h('a', { href: link[2] }, link[1]);
    if (/^`.+`$/.test(part)) return h('code', {}, part.slice(1, -1));
    if (/^\*\*.+\*\*$/.test(part)) return h('strong', {}, part.slice(2, -2));
    return part;
  });
  return markdown.split(/\n\s*\n/).map(block => {
    const items = block.split(/\n(?=[-*] )/);
    if (items.every(item => /^[-*] /.test(item))) return h('ul', {}, items.map(item => h('li', {}, inline(item.slice(2)))));
    return h('p', {}, inline(block));
  });
}

// Two texts, with a few lines around each difference.
function diffBlock(old, now) {
  const lines = difference(old, now);
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(([sign]) => sign !== ' '));
  const rows = [];
  lines.forEach(([sign, line], at) => {
    if (!near[at]) {
      if (at === 0 || near[at - 1]) rows.push(h('span', { class: 'line gap' }, '…'));
      return;
    }
    const kind = { '+': 'line add', '-': 'line del', ' ': 'line' }[sign];
    rows.push(h('span', { class: kind }, `${sign} `, ...yaml(line)));
  });
  return h('pre', { class: 'diff', tabindex: 0, 'aria-label': 'what differs' }, rows);
}

function facts(scenario) {
  const rows = [
    ['About', `Kubernetes ${scenario.kubernetes}`],
    ['Sources', scenario.sources.map(([name, link], at) => [at ? ', ' : '', link ? h('a', { href: link }, name) : name]).flat()],
    ['Set-up', scenario.setups.join('; ')],
    ['Scenario', scenario.link ? h('a', { href: scenario.link }, scenario.file) : scenario.file],
  ];
  const filled = rows.filter(([, value]) => value.length || value instanceof Node);
  return h('dl', { class: 'facts' }, filled.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function chip(scenario, step, at) {
  const label = COLUMNS[at].label;
  switch (kindOf(scenario, step, at)) {
    case 'changed': return h('span', { class: 'chip changed' }, `differs from ${label} on`);
    case 'ended': return h('span', { class: 'chip changed' }, `ends with ${label}`);
    case 'first': return h('span', { class: 'chip' }, `runs from ${label} on`);
    case 'silent': return h('span', { class: 'chip' }, `does not run on ${label}`);
    case 'unknown': return h('span', { class: 'chip' }, 'not recorded');
    default: {
      const since = pointsOf(scenario, step).filter(point => point <= at).pop();
      return h('span', { class: 'chip' }, `same since ${COLUMNS[since].label}`);
    }
  }
}

// The title, and which case it is.
const called = scenario => [scenario.title, scenario.case ? h('small', {}, ` (${scenario.case})`) : null].filter(part => part);

// Which text a version shows: seen there, or assumed.
function origin(scenario, at) {
  const seen = seenAt(scenario, at);
  return seen === at ? COLUMNS[at].release : `${COLUMNS[at].release}, assumed: seen on ${COLUMNS[seen].release}`;
}

function points(scenario, step, at, go) {
  const all = pointsOf(scenario, step);
  if (all.length < 2) return null;
  const current = all.filter(point => point <= at).pop();
  const button = point =>
    h('button', { type: 'button', 'aria-current': point === current, onclick: () => go({ at: point, step: step.key }) }, COLUMNS[point].label);
  return h('span', { class: 'points', role: 'group', 'aria-label': 'Versions at which this step changes' }, all.map(button));
}

function stepOn(scenario, step, at, isOpen, go) {
  const [now, kind] = [step.cells[at], kindOf(scenario, step, at)];
  const shown = [];
  if (kind === 'changed' || kind === 'ended') {
    const left = COLUMNS[seenAt(scenario, at - 1)].release;
    shown.push(h('p', { class: 'caption' }, `${left} compared with ${origin(scenario, at)}`, points(scenario, step, at, go)));
    shown.push(diffBlock(textOf(before(step, at)), textOf(now)));
    if (now >= 0) shown.push(h('details', {}, h('summary', {}, h('h3', { class: 'caption' }, 'the whole answer')), block(textOf(now), 'answer')));
  } else if (now >= 0) {
    shown.push(h('p', { class: 'caption' }, `answer of ${origin(scenario, at)}`, points(scenario, step, at, go)));
    shown.push(block(textOf(now), 'answer'));
  } else {
    const words = now === UNKNOWN ? `Nobody recorded it on ${COLUMNS[at].label}.` : `It does not run on ${COLUMNS[at].label}.`;
    shown.push(h('p', { class: 'caption' }, words, points(scenario, step, at, go)));
  }
  return h('details', { class: 'step', open: isOpen, 'data-step': step.key },
    h('summary', {}, h('h3', {}, step.name), chip(scenario, step, at)),
    step.does.map(text => block(text, 'does')), shown);
}

function head(scenario) {
  return [
    h('p', { class: 'eyebrow' }, scenario.id),
    h('h2', {}, called(scenario)),
    h('div', { class: 'about' }, scenario.about ? prose(scenario.about) : []),
    facts(scenario),
  ];
}

// A scenario on a version; open are the step that was asked for, or those that differ there, or the first.
function onVersion(scenario, at, wanted, go) {
  const differs = step => ['changed', 'ended'].includes(kindOf(scenario, step, at));
  const anyDiffers = scenario.steps.some(differs);
  const isOpen = (step, index) => (wanted ? step.key === wanted : anyDiffers ? differs(step) : index === 0);
  const steps = scenario.steps.map((step, index) => stepOn(scenario, step, at, isOpen(step, index), go));
  return [...head(scenario), steps];
}

// What differs in a scenario between two versions, change by change.
function between(scenario, from, to) {
  const steps = differing(scenario, from, to).map(step => {
    const changes = changesBetween(step, from, to).map(at => [
      h('p', { class: 'caption' }, `from ${COLUMNS[at].label} on (${origin(scenario, at)})`),
      diffBlock(textOf(before(step, at)), textOf(step.cells[at])),
    ]);
    const label = changes.length === 1 ? `differs from ${COLUMNS[changesBetween(step, from, to)[0]].label} on` : `differs ${changes.length} times`;
    return h('details', { class: 'step', open: true, 'data-step': step.key },
      h('summary', {}, h('h3', {}, step.name), h('span', { class: 'chip changed' }, label)),
      step.does.map(text => block(text, 'does')), changes.flat());
  });
  const same = h('p', { class: 'caption' }, `Nothing differs from ${COLUMNS[from].label} to ${COLUMNS[to].label}.`);
  return [...head(scenario), steps.length ? steps : same];
}

// What to begin with: how many scenarios differ on each version from the one before.
function welcome(go) {
  const item = (column, to) => {
    const number = to ? SCENARIOS.filter(scenario => differing(scenario, to - 1, to).length).length : 0;
    const shown = [`${column.label} `, h('small', {}, `${count(number, 'scenario')} ${number === 1 ? 'differs' : 'differ'} from ${to ? COLUMNS[to - 1].label : ''}`)];
    return number ? h('li', {}, h('button', { type: 'button', onclick: () => go({ from: to - 1, to, id: '', step: '' }) }, shown)) : null;
  };
  return [
    h('h2', {}, 'Choose a cell'),
    h('p', { class: 'about' }, 'A row is a behaviour, a column a version of Kubernetes. A number says that so many steps answered something ' +
      'else than on the version before. A cell shows what was asked and what was answered; two versions above, or one below, show all that differs.'),
    h('ul', { class: 'list' }, COLUMNS.map(item)),
  ];
}

// Every scenario that differs between two versions.
function overview(from, to, go) {
  const all = SCENARIOS.map(scenario => [scenario, differing(scenario, from, to).length]).filter(([, steps]) => steps);
  const item = ([scenario, steps]) =>
    h('li', {}, h('button', { type: 'button', onclick: () => go({ id: scenario.id, step: '' }) }, h('span', {}, called(scenario)), h('small', {}, count(steps, 'step'))));
  return [
    h('p', { class: 'eyebrow' }, `${COLUMNS[from].label} to ${COLUMNS[to].label}`),
    h('h2', {}, all.length ? `${all.length} of ${count(SCENARIOS.length, 'scenario')} differ` : 'Nothing differs'),
    h('ul', { class: 'list' }, all.map(item)),
  ];
}
