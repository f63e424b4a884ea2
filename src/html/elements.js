'use strict';
// What pages are made of: the data they hold, elements, and texts as elements.
const DATA = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

// Whether each word of a query is in a text of small letters.
const isFound = (text, query) => query.toLowerCase().split(/\s+/).every(word => text.includes(word));

// An element with attributes (`on...` are listeners) and children.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

// The lines of two texts: [sign, line], by the longest common subsequence.
function difference(old, now) {
  const [a, b] = [old ? old.split('\n') : [], now ? now.split('\n') : []];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const lines = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push([' ', a[i]]); i++; j++; }
    else if (i < a.length && (j === b.length || lengths[i + 1][j] >= lengths[i][j + 1])) lines.push(['-', a[i++]]);
    else lines.push(['+', b[j++]]);
  }
  return lines;
}

// A line of YAML with its key and its stable names set apart.
function yaml(line) {
  const [, indent, key, rest] = line.match(/^(\s*(?:- )*)([\w./$~-]+:(?= |$))?(.*)$/s);
  const value = rest.split(/(<[^<>\s]+>)/).map(part => (/^<.+>$/.test(part) ? h('span', { class: 'mark' }, part) : part));
  return [indent, key ? h('span', { class: 'key' }, key) : '', ...value];
}

const block = (text, kind) =>
  h('pre', { class: kind, tabindex: 0 }, text.split('\n').map((line, at) => [at ? '\n' : '', ...yaml(line)]).flat());
