// What is known: columns (releases), scenarios with their steps, and texts by number.
const COLUMNS = DATA.columns;
const SCENARIOS = DATA.scenarios;
const SILENT = -1;
const UNKNOWN = -2;

const textOf = number => (number >= 0 ? DATA.texts[number] : '');
// A minor of which several releases were recorded is the newest of them, as in `diff`.
function columnOf(label) {
  const named = COLUMNS.findIndex(column => column.label === label || column.release === label);
  return named >= 0 ? named : COLUMNS.findLastIndex(column => column.release.startsWith(`${label}.`));
}
const scenarioOf = id => SCENARIOS.find(scenario => scenario.id === id);

// The nearest cell to the left that is known, down to the first column that counts, or nothing.
function before(step, at, first = 0) {
  for (let column = at - 1; column >= first; column--) {
    if (step.cells[column] !== UNKNOWN) return step.cells[column];
  }
  return undefined;
}

// What a cell of a step is, compared with what is to the left of it.
function kindOf(scenario, step, at) {
  const [now, left] = [step.cells[at], before(step, at)];
  if (now === UNKNOWN) return 'unknown';
  if (now === SILENT) return left >= 0 ? 'ended' : 'silent';
  if (left === undefined || left === SILENT) return 'first';
  if (left !== now) return 'changed';
  return scenario.seen[at] ? 'same' : 'assumed';
}

const runs = (scenario, at) => scenario.steps.some(step => step.cells[at] >= 0);

// What a cell of a scenario is, and how many of its steps differ from the left.
function cellOf(scenario, at) {
  const kinds = scenario.steps.map(step => kindOf(scenario, step, at));
  const has = kind => kinds.includes(kind);
  if (!runs(scenario, at)) return { kind: has('unknown') ? 'unknown' : 'silent', changes: 0 };
  const isNew = at === 0 || !runs(scenario, at - 1);
  const counted = isNew ? ['changed'] : ['changed', 'first', 'ended'];
  const changes = kinds.filter(kind => counted.includes(kind)).length;
  if (changes) return { kind: 'changed', changes };
  const kind = ['first', 'same', 'assumed'].find(has) || 'unknown';
  return { kind, changes: 0 };
}

// Where the texts of a step begin, as columns.
const pointsOf = (scenario, step) =>
  COLUMNS.map((_, at) => at).filter(at => ['first', 'changed', 'ended'].includes(kindOf(scenario, step, at)));

// The recorded column that speaks for another one.
function seenAt(scenario, at) {
  for (let column = at; column >= 0; column--) if (scenario.seen[column]) return column;
  return at;
}

// The columns between two at which a step shows something else. Where nothing is known of the first, what is to the left of it
// does not tell between which of them it began.
function changesBetween(step, from, to) {
  const found = [];
  for (let at = from + 1; at <= to; at++) {
    const left = before(step, at, from);
    const isKnown = step.cells[at] !== UNKNOWN && left !== undefined;
    if (isKnown && left !== step.cells[at]) found.push(at);
  }
  return found;
}

const differing = (scenario, from, to) => scenario.steps.filter(step => changesBetween(step, from, to).length);

// The words of a scenario, its steps and its answers, for the search.
function wordsOf(scenario) {
  if (!scenario.words) {
    const steps = scenario.steps.flatMap(step => [step.name, ...step.does, ...new Set(step.cells.map(textOf))]);
    const words = [scenario.id, scenario.title, scenario.about || '', ...scenario.sources.map(source => source[0]), ...steps];
    scenario.words = words.join('\n').toLowerCase();
  }
  return scenario.words;
}

const found = (scenario, query) => isFound(wordsOf(scenario), query);
