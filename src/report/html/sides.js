// Two texts side by side, line by line.
const CONTEXT = 3;

const keyOf = line => (line.match(/^\s*(?:- )*([\w./$~-]+):(?: |$)/) || ['', ''])[1];

// Rows of [before, after], each a line or nothing. A line stands beside the one that came in its place: of the same key.
function rowsOf(old, now) {
  const [rows, gone, came] = [[], [], []];
  const flush = () => {
    for (const line of gone.splice(0)) {
      const at = came.findIndex(other => keyOf(other) === keyOf(line));
      came.splice(0, Math.max(at, 0)).forEach(other => rows.push([null, other]));
      rows.push([line, at < 0 ? null : came.shift()]);
    }
    came.splice(0).forEach(other => rows.push([null, other]));
  };
  for (const [sign, line] of difference(old, now)) {
    if (sign === '-') gone.push(line);
    else if (sign === '+') came.push(line);
    else { flush(); rows.push([line, line]); }
  }
  flush();
  return rows;
}

// How much two lines have in common at the beginning and at the end, in whole words.
function common(one, other) {
  const most = Math.min(one.length, other.length);
  const isWord = at => /\w/.test(one[at] || '');
  let [begin, end] = [0, 0];
  while (begin < most && one[begin] === other[begin]) begin++;
  while (begin > 0 && isWord(begin - 1)) begin--;
  while (end < most - begin && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  while (end > 0 && isWord(one.length - end)) end--;
  return [begin, end];
}

// A line, with what of it is not in the other one marked, where they have anything in common.
function line(text, other) {
  if (other === null || other === text) return yaml(text);
  const [begin, end] = common(text, other);
  if (!(text.slice(0, begin) + text.slice(text.length - end)).trim()) return yaml(text);
  return [text.slice(0, begin), h('mark', {}, text.slice(begin, text.length - end)), text.slice(text.length - end)];
}

// `[name, text]` of what was expected and of what came. Beside each other they are rows of one grid; where there is no room for
// that, one stands below the other.
function sides([before, old], [after, now]) {
  const rows = rowsOf(old.trimEnd(), now.trimEnd());
  const differs = ([left, right]) => left !== right;
  const isNear = rows.map((_, at) => rows.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(differs));
  const [left, right] = [[], []];
  rows.forEach(([one, other], at) => {
    const style = `grid-row: ${at + 2}`;
    if (!isNear[at]) {
      if (at > 0 && !isNear[at - 1]) return;
      const next = isNear.indexOf(true, at);
      const words = `… ${count((next < 0 ? rows.length : next) - at, 'line')} the same`;
      [left, right].forEach(side => side.push(h('span', { class: 'line gap', style }, words)));
      return;
    }
    const put = (side, text, than, kind) =>
      side.push(text === null ? h('span', { class: 'line fill', style, 'aria-hidden': true }) : h('span', { class: `line ${one === other ? '' : kind}`, style }, line(text, than)));
    put(left, one, other, 'del');
    put(right, other, one, 'add');
  });
  const side = (name, lines) => h('div', { class: 'side', role: 'group', 'aria-label': name }, h('h4', {}, name), lines);
  return h('div', { class: 'sides' }, side(before, left), side(after, right));
}

// JSON as lines.
function pretty(text) {
  if (text === null) return 'nothing';
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// What was expected of a step beside what came, where its verdict is about that.
function expectedAndActual(step, version) {
  const verdict = step.verdict;
  switch (verdict.kind) {
    case 'changed': {
      const since = `recorded on ${verdict.recordedOn}, holds since ${verdict.since}`;
      return [sides([since, verdict.expected], [`now, on ${version}`, step.answer || ''])];
    }
    case 'unstable':
      return [sides(...verdict.answers.map(({ run, answer }) => [`run ${run}`, answer]))];
    case 'unmet':
      return verdict.unmet.map(unmet => (unmet.path === undefined
        ? h('p', { class: 'said' }, unmet.message)
        : [h('p', { class: 'caption' }, h('code', {}, unmet.path)), sides(['expected', pretty(unmet.expected)], ['came', pretty(unmet.came)])]));
    default: return [];
  }
}
