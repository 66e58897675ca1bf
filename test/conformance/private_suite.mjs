#!/usr/bin/env node
// The client's cache against http-cache-tests, as a browser's cache is tested: every request of the
// suite goes through a process of its own (test/client/client_driver.c) and one folder for all.
//
//     STET=path/to/stet node private_suite.mjs [--only TEST,...] [--verbose]
//
// All tests of kind "required" and "optimal" must pass, but for those that private_suite.tbl lists
// with a reason; a listed test that passes is a fault of the list. Tests of kind "check" only tell
// what a cache does. The last line is "N passed, N failed".
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import nodeFetch, { Headers, Response } from 'node-fetch'
import * as runner from 'http-cache-tests/client/runner.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import { program as stet, root } from '../client/server.mjs'
import { end, origin, rows } from './suite.mjs'

const options = process.argv.slice(2)
const verbose = options.includes('--verbose')
const only = options.includes('--only') ? options[options.indexOf('--only') + 1].split(',') : undefined
const driver = join(dirname(stet), '../../test/client/client_driver')
const folder = mkdtempSync(join(tmpdir(), 'stet-private-'))
const AT_ONCE = 4

// No more processes at a time than a small machine can bear.
let running = 0
const waiting = []
async function turn(work) {
  if (running >= AT_ONCE)
    await new Promise(resolve => waiting.push(resolve))
  running++
  try {
    return await work()
  } finally {
    running--
    waiting.pop()?.() // who came last goes on with a test that has begun: nothing of it grows stale
  }
}

function drive(method, url, lines, content) {
  return new Promise((resolve, reject) => {
    const program = spawn(driver, [join(folder, 'cache'), method, url])
    const heard = [], said = []
    program.stdout.on('data', piece => heard.push(piece))
    program.stderr.on('data', piece => said.push(piece))
    program.on('error', reject)
    program.on('close', status => {
      const words = Buffer.concat(said).toString()
      if (/Sanitizer|runtime error:|CHECK failed/.test(words))
        console.log(`not ok - ${url}: ${words}`)
      if (status !== 0)
        reject(new Error(`no answer (${status}): ${words}`))
      else
        resolve(Buffer.concat(heard))
    })
    program.stdin.on('error', () => {})
    program.stdin.end(lines.map(([name, value]) => `${name}: ${value}\n`).join('') + '\n' + (content ?? ''))
  })
}

function responseOf(octets) {
  const end = octets.indexOf('\n\n')
  const [status, ...lines] = octets.subarray(0, end).toString('latin1').split('\n')
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 2))
  }
  const response = new Response(octets.subarray(end + 2), { headers })
  Object.defineProperty(response, 'status', { value: Number(status) })
  return response
}

// What is no request of a test, but sets one up, goes straight to the server.
function fetch(url, init = {}) {
  if (!new URL(url).pathname.startsWith('/test/'))
    return nodeFetch(url, init)
  const lines = [...init.headers ?? []]
  if (init.cache === 'no-cache') // as Fetch has it
    lines.push(['Cache-Control', 'max-age=0'])
  return turn(async () => responseOf(await drive(init.method ?? 'GET', url, lines, init.body)))
}

function judge(found) {
  const listed = new Map(rows('private_suite.tbl'))
  let passed = 0
  const failed = []
  for (const test of suites.flatMap(suite => suite.tests)) {
    const kind = test.kind ?? 'required', result = found[test.id]
    if (test.browser_skip || (only && !only.includes(test.id)))
      continue
    if (kind === 'check') {
      if (verbose)
        console.log(`# ${test.id}: ${result === true ? 'yes' : `no, ${result?.[1]}`}`)
    } else if ((result === true) !== listed.has(test.id)) {
      passed++
    } else {
      failed.push([test.id, `(${kind}): ${result === true ? 'passes, but is listed' : result?.join(': ')}`])
    }
    listed.delete(test.id)
  }
  if (!only)
    listed.forEach((_, id) => failed.push([id, 'is in private_suite.tbl and is no such test']))
  return [passed, failed]
}

const pick = wanted => suites.map(suite => ({ ...suite, tests: suite.tests.filter(test => wanted(test.id)) }))

// The tests count whole seconds of the real clock: those that fail are asked once more, a few at a time,
// by a process of its own, since the suite keeps its results in a module.
function again(ids) {
  console.log(`# repeated: ${ids.join(', ')}`)
  const program = spawn('node', [fileURLToPath(import.meta.url), '--only', ids.join(','), '--once'], { cwd: root })
  let text = ''
  program.stdout.on('data', piece => { text += piece })
  return new Promise(resolve => program.on('close', () =>
    resolve(/^\d+ passed, \d+ failed$/m.test(text) ? ids.filter(id => !text.includes(`not ok - ${id} `)) : [])))
}

async function main() {
  const server = await origin(folder)
  try {
    await server.ready
    await runner.runTests(pick(id => !only || only.includes(id)), fetch, true, server.url, only ? 3 : 40)
  } finally {
    await end(server)
    rmSync(folder, { recursive: true })
  }
  let [passed, failed] = judge(runner.getResults())
  if (!options.includes('--once') && failed.length > 0 && failed.length <= 40) {
    const good = await again(failed.map(([id]) => id))
    failed = failed.filter(([id]) => !good.includes(id))
    passed += good.length
  }
  failed.forEach(([id, why]) => console.log(`not ok - ${id} ${why}`))
  return [passed, failed.length]
}

const [passed, failed] = await main()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
