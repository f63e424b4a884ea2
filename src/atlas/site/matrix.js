// The matrix: a row a scenario, its steps below it on demand, a column a version.
const WORDS = {
  first: 'runs from here on', same: 'the same as before', assumed: 'not recorded, assumed to be the same',
  unknown: 'not recorded', silent: 'does not run', ended: 'does not run any more', changed: 'differs',
};

class Matrix {
  constructor(root, go) {
    this.go = go;
    this.rows = [];
    const labels = COLUMNS.map(({ label, release }) => h('th', { scope: 'col', title: release }, label.replace(/^v/, '')));
    this.heads = labels;
    this.table = h('table', { role: 'grid', 'aria-label': 'Scenarios by Kubernetes version', onkeydown: event => this.key(event) },
      h('thead', {}, h('tr', { role: 'row' }, h('th', { scope: 'col' }, 'scenario'), labels)));
    for (const theme of [...new Set(SCENARIOS.map(scenario => scenario.theme))]) {
      const body = h('tbody', {});
      if (theme) body.append(h('tr', { class: 'theme' }, h('th', { colspan: COLUMNS.length + 1, scope: 'rowgroup' }, theme)));
      SCENARIOS.filter(scenario => scenario.theme === theme).forEach(scenario => body.append(this.scenarioRow(scenario)));
      this.table.append(body);
    }
    root.append(this.table);
  }

  scenarioRow(scenario) {
    const name = h('button', { type: 'button', class: 'name', tabindex: -1, 'aria-expanded': 'false', title: scenario.id },
      h('span', {}, called(scenario)));
    const cells = COLUMNS.map((column, at) => {
      const { kind, changes } = cellOf(scenario, at);
      const words = kind === 'changed' ? `${count(changes, 'step')} differ` : WORDS[kind];
      return this.cell(kind, changes || '', `${scenario.title}, ${column.label}: ${words}`, { id: scenario.id, step: '', at });
    });
    const tr = h('tr', { role: 'row', 'data-id': scenario.id }, h('th', { scope: 'row' }, name), cells);
    const row = { scenario, tr, name, steps: null };
    name.addEventListener('click', () => this.expand(row, row.name.getAttribute('aria-expanded') !== 'true'));
    this.rows.push(row);
    return tr;
  }

  stepRow(scenario, step) {
    const name = h('button', { type: 'button', class: 'name', tabindex: -1, onclick: () => this.go({ id: scenario.id, step: step.key }) },
      h('span', {}, step.name));
    const cells = COLUMNS.map((column, at) => {
      const kind = kindOf(scenario, step, at);
      const shown = kind === 'ended' ? 'silent' : kind;
      const label = `${step.name}, ${column.label}: ${WORDS[kind]}`;
      return this.cell(shown, '', label, { id: scenario.id, step: step.key, at });
    });
    return h('tr', { role: 'row', class: 'step', 'data-id': scenario.id, 'data-step': step.key }, h('th', { scope: 'row' }, name), cells);
  }

  cell(kind, text, label, to) {
    const attributes = { type: 'button', role: 'gridcell', class: `cell ${kind}`, tabindex: -1, 'aria-label': label, 'data-at': to.at };
    return h('td', { role: 'presentation' }, h('button', { ...attributes, onclick: () => this.go(to, true) }, String(text)));
  }

  expand(row, isOpen) {
    if (!row.steps) {
      row.steps = row.scenario.steps.map(step => this.stepRow(row.scenario, step));
      row.tr.after(...row.steps);
    }
    row.name.setAttribute('aria-expanded', String(isOpen));
    row.steps.forEach(tr => { tr.hidden = !isOpen || row.tr.hidden; });
    this.mark(this.state);
  }

  // Shows the scenarios that `keep` takes; gives how many those are.
  filter(keep) {
    let shown = 0;
    for (const row of this.rows) {
      row.tr.hidden = !keep(row.scenario);
      shown += row.tr.hidden ? 0 : 1;
      const isOpen = row.name.getAttribute('aria-expanded') === 'true';
      (row.steps || []).forEach(tr => { tr.hidden = row.tr.hidden || !isOpen; });
    }
    for (const body of this.table.tBodies) {
      const theme = body.querySelector('.theme');
      if (theme) theme.hidden = !body.querySelector('tr[data-id]:not([hidden])');
    }
    return shown;
  }

  // Marks what is chosen, and the columns that are compared.
  mark(state) {
    if (!state) return;
    this.state = state;
    const row = this.rows.find(candidate => candidate.scenario.id === state.id);
    if (row && state.step && !row.steps) this.expand(row, true);
    const isCompared = state.from >= 0 && state.to >= 0;
    const chosen = isCompared ? [state.from, state.to] : state.id ? [state.at] : [];
    this.heads.forEach((head, at) => head.classList.toggle('chosen', chosen.includes(at)));
    for (const tr of this.table.querySelectorAll('tr[data-id]')) {
      const isChosen = tr.dataset.id === state.id && (tr.dataset.step || '') === (state.step || '');
      tr.classList.toggle('chosen', isChosen);
      tr.querySelectorAll('.cell').forEach((cell, at) => {
        const isHere = isChosen && at === state.at && !isCompared;
        cell.setAttribute('aria-selected', String(isHere));
        cell.parentNode.classList.toggle('out', isCompared && (at < state.from || at > state.to));
        if (isHere) reach(this.table, cell);
      });
    }
    if (!this.table.querySelector('[tabindex="0"]')) reach(this.table, this.table.querySelector('.cell'));
  }

  // Scrolls to what is chosen; within the matrix only.
  reveal() {
    const chosen = this.table.querySelector('tr.chosen');
    const scroll = this.table.parentNode;
    if (chosen) scroll.scrollTop += chosen.getBoundingClientRect().top - scroll.getBoundingClientRect().top - scroll.clientHeight / 3;
    const cell = chosen && chosen.querySelector('[aria-selected="true"]');
    if (cell) scroll.scrollLeft += cell.getBoundingClientRect().left - scroll.getBoundingClientRect().right + scroll.clientWidth / 4;
  }

  key(event) {
    const next = moved(this.table, event);
    if (next && next.classList.contains('cell')) next.click();
  }
}
