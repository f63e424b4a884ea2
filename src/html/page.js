// What every page does: light and dark, the way to the search, and tables that one walks about in.

// The address that holds a state, of names with their values.
function addressOf(parts) {
  const plain = text => encodeURIComponent(text).replace(/%2F/g, '/').replace(/%3A/g, ':');
  return `#${parts.map(([name, value]) => `${name}=${plain(value)}`).join('&')}`;
}

// Light or dark: as the system has it, unless somebody switched.
function theme(wanted) {
  document.documentElement.dataset.theme = wanted;
  $('theme').textContent = wanted === 'dark' ? '☀' : '☾';
  $('theme').setAttribute('aria-pressed', String(wanted === 'dark'));
}

function stored(value) {
  // Pages from files may have no storage.
  try {
    if (value) localStorage.setItem('theme', value);
    return localStorage.getItem('theme');
  } catch {
    return null;
  }
}

const dark = matchMedia('(prefers-color-scheme: dark)');
theme(stored() || (dark.matches ? 'dark' : 'light'));
dark.addEventListener('change', () => { if (!stored()) theme(dark.matches ? 'dark' : 'light'); });
$('theme').addEventListener('click', () => {
  const wanted = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  stored(wanted);
  theme(wanted);
});

document.addEventListener('keydown', event => {
  const isTyping = event.target.matches('input, select, textarea');
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  $('search').focus();
  $('search').select();
});

// Makes a button of a table the one that the tab key comes to.
function reach(table, button) {
  table.querySelectorAll('tbody [tabindex="0"]').forEach(other => other.setAttribute('tabindex', -1));
  if (button) button.setAttribute('tabindex', 0);
}

// Moves among the buttons of a table as an arrow key says; gives the one that is come to.
function moved(table, event) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -99], End: [0, 99] };
  const step = steps[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return null;
  const rows = [...table.querySelectorAll('tr[data-id]:not([hidden])')].map(tr => [...tr.querySelectorAll('button')]);
  const at = rows.findIndex(row => row.includes(document.activeElement));
  if (at < 0) return null;
  event.preventDefault();
  const row = rows[Math.min(Math.max(at + step[0], 0), rows.length - 1)];
  const column = Math.min(Math.max(rows[at].indexOf(document.activeElement) + step[1], 0), row.length - 1);
  const next = row[column];
  reach(table, next);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return next;
}
