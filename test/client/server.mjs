// What the tests in Node share: a running stet serve, a place for its files, a count.
//
// The last line is "N passed, N failed". Whatever is waited for has a deadline; nothing sleeps for a
// fixed time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const DEADLINE = 30000;
export const program = resolve(process.env.STET ?? join(root, 'build/test/src/cli/stet'));

const counts = { passed: 0, failed: 0, topic: '' };

export function check(name, good, detail) {
  counts[good ? 'passed' : 'failed']++;
  if (!good) {
    const more = detail === undefined ? '' : `: ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`;
    console.log(`FAILED  ${counts.topic}: ${name}${more}`);
  }
  return good;
}

export function equal(name, got, wanted) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  return check(name, a === b, `got ${a?.slice(0, 600)}, wanted ${b?.slice(0, 600)}`);
}

export async function eventually(condition, milliseconds = DEADLINE) {
  const end = performance.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value || performance.now() > end) return value;
    await pause(10);
  }
}

// Calls use(path) with a directory that is gone afterwards.
export async function place(use) {
  const path = mkdtempSync(join(tmpdir(), 'stet-'));
  try {
    return await use(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

// Calls use(server) with { url, lines } of a server that is ended afterwards.
export const serve = (directory, options, use) => start('serve', directory, ['--memo=off', ...options], use);

// The same for a proxy of the origin at a URL.
export const proxy = (origin, options, use) => start('proxy', origin, ['--admin-socket=off', ...options], use);

async function start(command, operand, options, use) {
  const child = spawn(program, [command, operand, '--listen=127.0.0.1:0', ...options],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
  const lines = [];
  const over = once(child, 'close');
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  try {
    const url = await eventually(() => child.exitCode !== null ? 'none' : lines.map((line) =>
      /listening on (https?:\S+)\/$/.exec(line)?.[1]).find(Boolean));
    if (!url?.startsWith('http')) throw new Error(`the server does not start: ${lines.join('\n')}`);
    return await use({ url, lines });
  } finally {
    child.kill('SIGINT');
    const killer = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
    const [status] = await over;
    clearTimeout(killer);
    const said = lines.join('\n');
    check('the server ends as it should', status === 0, `exit status ${status}: ${said.slice(-3000)}`);
    if (/Sanitizer|runtime error:/.test(said)) check('no complaint of a sanitizer', false, said);
  }
}

// Runs the tests, or those named on the command line, one after the other; ends the process.
export async function run(tests, finish = () => {}) {
  const chosen = tests.filter((test) => process.argv.length < 3 || process.argv.includes(test.name));
  for (const test of chosen) {
    const begun = performance.now();
    const before = counts.failed;
    counts.topic = test.name;
    try {
      await test();
    } catch (error) {
      check('runs to its end', false, error.stack);
    }
    const word = counts.failed === before ? 'ok    ' : 'FAILED';
    console.log(`${word}  ${test.name} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
  }
  await finish();
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exit(counts.failed ? 1 : 0);
}
