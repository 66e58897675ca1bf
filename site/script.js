// Asks the server about every part of this page and shows what it said.
'use strict';

// The page itself is asked for under the name it was loaded by.
const parts = ['./', 'style.css', 'script.js', 'mark.svg', 'stamp.png', 'data.json'];

// The page never sees a 304: the browser hands it its own copy as a 200. What crossed the wire
// stands in the timing entry: a validated copy counts as little as its head, a new one as more
// than its content.
function answerOf(entry) {
  if (!entry || entry.transferSize === 0) return 'not asked';
  const validated = entry.transferSize <= 300 || entry.transferSize < entry.encodedBodySize;
  return validated ? '304' : '200';
}

async function ask(name) {
  const url = new URL(name, location.href).href;
  const begun = performance.now();
  const response = await fetch(url, { cache: 'no-cache' });
  const body = await response.text();
  const took = performance.now() - begun;
  const entry = performance.getEntriesByName(url, 'resource').at(-1);
  const answer = answerOf(entry);
  return {
    name,
    tag: response.headers.get('etag') ?? 'none',
    answer,
    sent: answer === '200' ? entry.encodedBodySize : 0,
    size: entry?.encodedBodySize ?? 0,
    took,
    body,
  };
}

function cell(text, kind) {
  const td = document.createElement('td');
  td.textContent = text;
  if (kind) td.className = kind;
  return td;
}

function show(part) {
  const row = document.createElement('tr');
  const answer = document.createElement('td');
  const word = document.createElement('span');
  word.className = 'answer ' + (part.answer === '304' ? 'not-modified' : 'ok');
  word.textContent = part.answer;
  answer.append(word);
  const short = part.tag.length > 22 ? part.tag.slice(0, 20) + '…"' : part.tag;
  const sent = part.answer === '200' ? `${part.sent} bytes` : 'none';
  row.append(cell(part.name === './' ? 'index.html' : part.name), cell(short, 'tag'), answer, cell(sent, 'number'),
    cell(`${part.took.toFixed(1)} ms`, 'number'));
  row.dataset.answer = part.answer;
  document.getElementById('parts').append(row);
}

function showData(text) {
  const data = JSON.parse(text);
  document.getElementById('headline').textContent = data.headline;
  document.getElementById('edition').textContent = data.edition;
  const most = Math.max(...data.visits);
  document.getElementById('chart').replaceChildren(...data.visits.map((count) => {
    const bar = document.createElement('span');
    bar.style.height = `${(100 * count) / most}%`;
    bar.title = String(count);
    return bar;
  }));
}

function sum(answers) {
  const kept = answers.filter((part) => part.answer === '304');
  const saved = kept.reduce((total, part) => total + part.size, 0);
  const fresh = answers.length - kept.length;
  const changed = fresh === 0 ? 'Nothing has changed' : `${fresh} of ${answers.length} sent`;
  return `${changed}; ${kept.length} left to stand, ${saved} bytes not sent.`;
}

async function askAll() {
  const button = document.getElementById('ask');
  button.disabled = true;
  performance.clearResourceTimings();
  try {
    const answers = [];
    for (const name of parts) answers.push(await ask(name));
    document.getElementById('parts').replaceChildren();
    answers.forEach(show);
    showData(answers.at(-1).body);
    document.getElementById('sum').textContent = sum(answers);
  } catch (error) {
    document.getElementById('sum').textContent = `No answer from the server: ${error.message}`;
  }
  button.disabled = false;
}

document.getElementById('ask').addEventListener('click', askAll);
fetch('data.json').then((response) => response.text()).then(showData);
