// The public suite http-cache-tests against `stet proxy`, in front of the suite's own origin.
//
//     STET=path/to/stet node cache_suite.mjs [--tls|--h2] [--profile NAME] [--only TEST] [--list] [--verbose]
//
// It runs once a profile; with --tls through TLS and HTTP/1.1. The suite's client, node-fetch, speaks
// no HTTP/2: with --h2 it is h2_fetch.mjs, through TLS as well. Every required and every optimal test has to pass, but for those that
// cache_suite.tbl lists with the paragraph they contradict, or with the guard that fails them on
// purpose; a listed test that passes is a fault of the list. Tests of kind "check" only tell what a
// cache does: they are printed with --verbose. The last line is "N passed, N failed".
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import nodeFetch from 'node-fetch'
import suites from 'http-cache-tests/tests/index.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'
import { fetch as secondFetch } from './h2_fetch.mjs'
import { program, root } from '../client/server.mjs'
import { deadline, end, origin, rows, start } from './suite.mjs'

const options = process.argv.slice(2)
const has = name => options.includes(name)
const value = name => has(name) ? options[options.indexOf(name) + 1] : undefined

// One run of the suite in a process of its own: it keeps its results in modules.
if (has('--child'))
  await child(value('--child'))
else
  process.exit(await main())

async function child(base) {
  const runner = await import('http-cache-tests/client/runner.mjs')
  const agent = has('--tls') ? new SecureAgent({ keepAlive: false, rejectUnauthorized: false })
    : new Agent({ keepAlive: false })
  const client = has('--h2') ? secondFetch : (url, init) => nodeFetch(url, { ...init, agent })
  const fetch = (url, init) => deadline(client(url, init), 20000, url)
  const wanted = value('--only')?.split(',')
  let tests = [...suites, surrogate]
  if (wanted)
    tests = tests.map(suite => ({ ...suite, tests: suite.tests.filter(test => wanted.includes(test.id)) }))
  if (wanted && has('--verbose'))
    tests.forEach(suite => suite.tests.forEach(test => { test.dump = true }))
  await runner.runTests(tests, fetch, false, base, Number(value('--chunk') ?? 100))
  process.stdout.write(`\nresults ${JSON.stringify(runner.getResults())}\n`, () => process.exit(0))
}

// "profile | test | why" -> Map test -> why
function exceptions(profile) {
  return new Map(rows('cache_suite.tbl').filter(([where]) => where === profile || where === 'all')
    .map(([, test, why]) => [test, why]))
}

// Options of the proxy for a certificate that nobody vouches for.
function certified(directory) {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map(name => join(directory, name))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  return ['--tls', '--cert', certificate, '--key', key]
}

async function results(profile, directory, more = []) {
  const server = await origin(directory)
  let proxy
  try {
    await server.ready
    proxy = start(program, ['proxy', server.url, '--listen', '127.0.0.1:0',
      '--profile', profile, '--workers', '1', '--log', 'off',
      ...has('--tls') || has('--h2') ? certified(directory) : []], {}, /listening on (https?:\/\/[^\s/]+)/)
    const base = await proxy.ready
    const argv = [fileURLToPath(import.meta.url), '--child', base, ...options, ...more]
    const run = spawn('node', argv, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    run.stdout.on('data', piece => { text += piece })
    await deadline(new Promise(resolve => run.on('close', resolve)), 400000, 'the suite')
    if (has('--verbose') && value('--only'))
      console.log(text)
    const line = text.match(/^results (.*)$/m)
    if (!line)
      throw new Error(`the suite broke off: ${text.slice(-2000)}`)
    if (proxy.program.exitCode !== null)
      throw new Error(`the proxy ended: ${proxy.text().slice(-2000)}`)
    return JSON.parse(line[1])
  } finally {
    await Promise.all([server, proxy].filter(Boolean).map(end))
  }
}

// The tests count whole seconds of the real clock, a hundred of them at a time: on a busy machine one
// may see a second pass that it does not expect. Those that fail are asked once more, each alone.
async function settled(profile, directory) {
  const found = await results(profile, directory)
  const listed = exceptions(profile)
  const again = [...suites, surrogate].flatMap(suite => suite.tests).filter(test =>
    test.kind !== 'check' && test.id in found && found[test.id] !== true && !listed.has(test.id))
  if (again.length === 0 || again.length > 10 || value('--only'))
    return found
  again.forEach(test => console.log(`# ${profile}: ${test.id} is repeated: ${found[test.id].join(': ')}`))
  return { ...found, ...await results(profile, directory,
    ['--only', again.map(test => test.id).join(','), '--chunk', '1']) }
}

function judge(profile, found) {
  const listed = exceptions(profile)
  let passed = 0, failed = 0
  const fault = text => { failed++; console.log(`not ok - ${profile}: ${text}`) }

  for (const suite of [...suites, surrogate]) {
    for (const test of suite.tests) {
      const kind = test.kind ?? 'required', result = found[test.id]
      if (test.browser_only || (value('--only') && test.id !== value('--only')))
        continue
      if (kind === 'check') {
        if (has('--verbose'))
          console.log(`# ${profile}: ${test.id}: ${result === true ? 'yes' : `no, ${result?.[1]}`}`)
      } else if (result === undefined) {
        fault(`${test.id} (${kind}) has no result`)
      } else if (result === true && listed.has(test.id)) {
        fault(`${test.id} (${kind}) passes, but cache_suite.tbl says it cannot`)
      } else if (result === true || listed.has(test.id)) {
        passed++
        if (result !== true && has('--verbose'))
          console.log(`# ${profile}: ${test.id} fails on purpose: ${listed.get(test.id)}`)
      } else {
        fault(`${test.id} (${kind}, ${suite.id}): ${result.join(': ')}`)
      }
      listed.delete(test.id)
    }
  }
  if (!value('--only'))
    listed.forEach((_, test) => fault(`cache_suite.tbl names ${test}, which is no such test`))
  return [passed, failed]
}

async function main() {
  if (has('--help')) {
    console.log(readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\nimport')[0].replace(/^\/\/ ?/gm, ''))
    return 0
  }
  if (has('--list')) {
    [...suites, surrogate].forEach(suite => suite.tests.forEach(test =>
      console.log(`${test.kind ?? 'required'}\t${suite.id}\t${test.id}\t${test.name}`)))
    return 0
  }
  const directory = mkdtempSync(join(tmpdir(), 'stet-suite-'))
  let passed = 0, failed = 0
  try {
    for (const profile of value('--profile') ? [value('--profile')] : ['rfc9111', 'gateway']) {
      const [good, bad] = judge(profile, await settled(profile, directory))
      passed += good
      failed += bad
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed ? 1 : 0
}
