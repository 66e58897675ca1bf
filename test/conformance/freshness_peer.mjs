// A second opinion on storing and freshness: the npm package http-cache-semantics judges the same
// exchanges.
//
//     node freshness_peer.mjs [path of a built freshness_driver] [seed] [count]
//
// Exchanges are made by a seeded generator: a request, its response, a later request. Both say, for
// a shared and for a private cache, whether the response may be stored, how long it then stays
// fresh, and whether the later request may be answered without asking the origin. Where they may
// differ is in the list `exceptions`, one entry a class, which says for which exchanges it holds
// and in which direction; doc/notes/freshness-second-opinion.md explains each. A class that never
// occurs is a failure: it explains nothing. The last line is "N passed, N failed".
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import CachePolicy from 'http-cache-semantics'
import { drawn } from './drawn.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const seed = Number(process.argv[3] ?? 9111)
const count = Number(process.argv[4] ?? 12000)
const wall = 1793491200 // 2026-11-01T00:00:00Z

// The exchanges.

const { random, pick } = drawn(seed)
const chance = percent => random(100) < percent
const some = (most, make) => Array.from({ length: random(most + 1) }, make)

const date = seconds => new Date((wall + seconds) * 1000).toUTCString()
const around = () => pick([-100000, -3600, -60, -1, 0, 1, 30, 60, 61, 600, 3600, 100000])
const seconds = () => pick(['0', '1', '30', '60', '60', '61', '3600', '100000'])
const oddSeconds = () => pick(['x', '', '-1', '1.5', '60x', '"60"', "'60'", ' 60', '99999999999'])
const argument = () => `=${chance(12) ? oddSeconds() : seconds()}`
const cased = name => chance(4) ? name.replace(/(^|-)./g, c => c.toUpperCase()) : name

const timed = ['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']
const flags = ['public', 'private', 'no-cache', 'no-store', 'must-revalidate', 'proxy-revalidate',
  'must-understand', 'immutable', 'no-transform']
const others = () => pick(['foo', 'foo=bar', 'x="max-age=9, no-store"', 'no-cache="x-foo"',
  'private="set-cookie, x-foo"', 'max-age =60', 'max-age', 'a="b'])

function directive() {
  const which = random(20)
  if (which < 9)
    return cased(pick(timed.slice(0, chance(70) ? 2 : 4))) + argument()
  return which < 18 ? cased(pick(flags)) : others()
}

function requestDirective() {
  return pick([() => `max-age${argument()}`, () => `max-stale${chance(40) ? '' : argument()}`,
    () => `min-fresh${argument()}`, () => 'no-cache', () => 'no-store', () => 'only-if-cached'])()
}

function response() {
  const fields = {}
  if (chance(75))
    fields['cache-control'] = [directive(), ...some(2, directive)].join(', ')
  if (chance(80))
    fields.date = date(chance(75) ? 0 : around())
  if (chance(30))
    fields.expires = chance(85) ? date(around())
      : pick(['0', '-1', 'never', date(60).replace('GMT', 'UTC'), '2026-11-01T00:01:00Z'])
  if (chance(50))
    fields['last-modified'] = date(pick([-600, -36000, -100000000, 60]))
  if (chance(60))
    fields.etag = '"a"'
  if (chance(15))
    fields.age = chance(80) ? seconds() : pick(['x', '-1', '1.5', '5, 900', '30;a=b'])
  if (chance(12))
    fields.vary = pick(['accept-encoding', 'Accept-Encoding', '*', 'x-foo', 'x-foo, *',
      'accept-encoding, x-foo'])
  if (chance(8))
    fields['set-cookie'] = 'a=b'
  if (chance(8))
    fields.pragma = 'no-cache'
  const status = chance(70) ? 200 : pick([203, 204, 206, 299, 300, 301, 302, 303, 307, 308, 400,
    401, 404, 405, 410, 414, 429, 451, 500, 501, 503])
  return { status, fields }
}

function request(first) {
  const fields = { host: 'example.org' }
  if (chance(first ? 5 : 35))
    fields['cache-control'] = [requestDirective(), ...some(1, requestDirective)].join(', ')
  if (chance(4))
    fields.pragma = 'no-cache'
  if (chance(8))
    fields.authorization = 'Basic YTpi'
  if (chance(60))
    fields['accept-encoding'] = pick(['gzip, br', 'gzip,br', 'br, gzip', 'gzip'])
  if (chance(60))
    fields['x-foo'] = pick(['1', '1', '1', '2'])
  return { method: chance(92) ? 'GET' : pick(['HEAD', 'POST']), fields }
}

// What chance makes too seldom: a response's directives, a later request's, after so many seconds.
const special = () => pick([
  ['max-age=3600, immutable', 'max-age=0', 30],
  ['max-age=60, no-cache', 'max-stale=600', 61],
  ['s-maxage=60', 'max-stale=600', 61],
  ['max-age=60', 'max-stale=30', 90],
  ['max-age=60', 'max-age=30', 30],
  ['max-age=60', 'max-stale, min-fresh=0', 90],
  ['private, max-age=60', 'no-store', 59],
  ['no-transform', 'no-store', 60, { 'last-modified': date(-605) }],
])

function specialExchange() {
  const [directives, asked, now, more] = special()
  return {
    first: { method: 'GET', fields: { host: 'example.org' } },
    response: {
      status: pick([200, 302]),
      fields: { date: date(0), etag: '"a"', 'cache-control': directives, ...more },
    },
    later: { method: 'GET', fields: { host: 'example.org', 'cache-control': asked } },
    now,
  }
}

function exchange() {
  if (chance(3))
    return specialExchange()
  const first = request(true)
  const later = chance(70) ? { ...request(false), method: first.method } : request(false)
  const now = pick([0, 0, 1, 30, 59, 60, 61, 90, 3600, 86400])
  return { first, response: response(), later, now }
}

// The two opinions.

class Policy extends CachePolicy {
  static clock = 0
  now() {
    return Policy.clock * 1000
  }
}

function theirs(e, shared) {
  Policy.clock = wall
  const policy = new Policy({ method: e.first.method, url: '/', headers: e.first.fields },
    { status: e.response.status, headers: e.response.fields }, { shared })
  const stored = policy.storable()
  Policy.clock = wall + e.now
  return {
    stored,
    age: policy.age(),
    fraction: !Number.isInteger(policy.maxAge()),
    ttl: Math.floor(policy.maxAge()) - policy.age(),
    served: policy.satisfiesWithoutRevalidation(
      { method: e.later.method, url: '/', headers: e.later.fields }),
  }
}

function build(directory) {
  const driver = join(directory, 'freshness_driver')
  const library = join(root, 'src/stet')
  execFileSync(process.env.CC ?? 'cc', [
    '-std=c11', '-D_GNU_SOURCE', '-DSTET_VERSION="0"', '-O1', '-g', '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all', '-I', join(root, 'src'), '-o', driver,
    join(root, 'test/conformance/freshness_driver.c'),
    ...readdirSync(library).filter(name => name.endsWith('.c')).map(name => join(library, name)),
  ], { stdio: 'inherit' })
  return driver
}

const head = fields => Buffer.from(Object.entries(fields)
  .map(([name, value]) => `${name}: ${value}\n`).join('')).toString('hex')

function ours(exchanges, role, driver) {
  const input = exchanges.map(e => [role, e.first.method, head(e.first.fields), e.response.status,
    head(e.response.fields), wall, e.later.method, head(e.later.fields), e.now].join('\t') + '\n')
  const run = spawnSync(driver, { input: input.join(''), maxBuffer: 1 << 30, encoding: 'utf8' })
  if (run.status !== 0)
    throw new Error(`the driver failed: ${run.error ?? run.stderr}`)
  return run.stdout.split('\n').slice(0, -1).map(line => {
    const [stored, why, ttl, served, how] = line.split('\t')
    return { stored: stored === '1', why, ttl: Number(ttl), served: served === '1', how }
  })
}

// The exceptions: [class, what they differ in, for which exchanges]. "stored+" means that we store
// and they do not; "ttl+" that it is fresh for longer with us; and so on.

const cc = e => e.response.fields['cache-control'] ?? ''
const asks = e => e.later.fields['cache-control'] ?? ''
const says = (e, name) => new RegExp(`(^|, )${name}(=|$|,)`, 'i').test(cc(e))
const value = (text, name) => text.match(new RegExp(`(?:^|, )${name}=(\\d+)(?:$|,)`))?.[1]
const repeats = text => {
  const seen = text.split(', ').map(part => part.split(/ ?=/)[0].toLowerCase())
  return new Set(seen).size < seen.length
}
const explicit = (e, role) => says(e, 'max-age') || 'expires' in e.response.fields ||
  (role === 'shared' && says(e, 's-maxage'))
const understoodByThem = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414,
  501])

const exceptions = [
  ['other-status', 'stored+', e => !understoodByThem.has(e.response.status)],
  ['post', 'stored-', e => e.first.method === 'POST'],
  ['useless', 'stored-', (e, us) => us.why === 'never-reusable'],
  ['vary-any', 'stored-', (e, us) => us.why === 'vary-any'],
  ['must-understand', 'stored+', e => says(e, 'must-understand') && says(e, 'no-store')],
  ['letter-case', 'any', e => /(^|, )[A-Z]/.test(cc(e))],
  ['qualified', 'any', e => /(no-cache|private)="/.test(cc(e))],
  ['quoted-comma', 'any', e => cc(e).includes('x="')],
  ['unclosed-quotes', 'stored-', e => cc(e).includes('a="b')],
  ['repeated', 'any', e => repeats(cc(e)) || repeats(asks(e))],
  ['private-permits', 'stored+', (e, us, role) => role === 'private' && says(e, 'private')],
  ['odd-seconds', 'any', e => /(^|, )[a-z-]+ ?=("60"|'60'|-1|1\.5|60x|x| 60|60| *($|,))/
    .test(cc(e).replace(/(^|, )[a-z-]+=60(?=$|,)/g, '')) || /(^|, )(max-age|max-stale)($|,)/
    .test(cc(e))],
  ['odd-request-seconds', 'any', e => /=("60"|'60'|-1|1\.5|60x|x| 60|($|,))/.test(asks(e))],
  ['saturation', 'any', e => /=99999999999/.test(cc(e) + asks(e))],
  ['response-pragma', 'any', e => 'pragma' in e.response.fields && !cc(e)],
  ['must-revalidate', 'served+', e => says(e, 'must-revalidate')],
  ['proxy-revalidate', 'any', (e, us, role) => role === 'shared' && says(e, 'proxy-revalidate')],
  ['set-cookie', 'longer', (e, us, role) => role === 'shared' && 'set-cookie' in e.response.fields],
  ['immutable-day', 'shorter', e => says(e, 'immutable')],
  ['immutable-reload', 'served+', (e, us) => us.how === 'fresh-immutable'],
  ['guess-cap', 'shorter', (e, us, role, them) => !explicit(e, role) &&
    'last-modified' in e.response.fields && them.ttl + them.age > 86400],
  ['guess-by-status', 'shorter', (e, us, role) => !explicit(e, role) && e.response.status > 204],
  ['guess-fraction', 'served-', (e, us, role, them) => !explicit(e, role) && them.fraction],
  ['apparent-age', 'shorter', e => Date.parse(e.response.fields.date) / 1000 < wall],
  ['lenient-date', 'shorter', e => /UTC|T.*Z/.test(e.response.fields.expires ?? '')],
  ['odd-age', 'any', e => /[^0-9]/.test(e.response.fields.age ?? '')],
  ['no-cache-ttl', 'longer', e => says(e, 'no-cache')],
  ['max-stale-over-no-cache', 'served-', e => says(e, 'no-cache') && /max-stale/.test(asks(e))],
  ['max-stale-forbidden', 'served-', (e, us, role) =>
    role === 'shared' && says(e, 's-maxage') && us.ttl <= 0 && /max-stale/.test(asks(e))],
  ['max-stale-boundary', 'served+', (e, us) =>
    Number(value(asks(e), 'max-stale')) === -us.ttl && us.how === 'stale-max-stale'],
  ['request-max-age-boundary', 'served-', (e, us, role, them) =>
    Number(value(asks(e), 'max-age')) === them.age],
  ['min-fresh-zero', 'served+', e => /min-fresh=0/.test(asks(e)) && /max-stale/.test(asks(e))],
  ['request-pragma', 'served+', e =>
    'pragma' in e.later.fields && 'cache-control' in e.later.fields],
  ['head-from-get', 'served+', e => e.later.method === 'HEAD' && e.first.method === 'GET'],
  ['vary-normalised', 'served+', e => /accept-encoding/i.test(e.response.fields.vary ?? '')],
]

const directions = {
  any: () => true,
  longer: (what, more) => more,
  shorter: (what, more) => !more,
  'stored+': (what, more) => what === 'stored' && more,
  'stored-': (what, more) => what === 'stored' && !more,
  'served+': (what, more) => what === 'served' && more,
  'served-': (what, more) => what === 'served' && !more,
}

const exchanges = Array.from({ length: count }, exchange)
const occurred = new Map(exceptions.map(([name]) => [name, 0]))
const failures = []
let passed = 0
let different = 0

// Both say the same of `what`, or a class explains why not; that class is counted.
function explained(what, e, role, us, them) {
  const more = Number(us[what]) > Number(them[what])
  const known = exceptions.find(([, direction, holds]) =>
    directions[direction](what, more) && holds(e, us, role, them))
  if (known)
    occurred.set(known[0], occurred.get(known[0]) + 1)
  return known !== undefined
}

function compare(e, role, us, them) {
  const differs = ['stored', 'ttl', 'served'].filter(what => us[what] !== them[what])
  // What follows from an earlier difference is none of its own.
  const own = us.stored !== them.stored ? ['stored'] : !us.stored ? []
    : us.ttl > them.ttl === us.served > them.served && us.ttl !== them.ttl ? ['ttl'] : differs
  if (own.every(what => explained(what, e, role, us, them)))
    passed++
  else
    failures.push(`${role}: ${own}: ours ${JSON.stringify(us)}, theirs ${JSON.stringify(them)}: ` +
      JSON.stringify(e))
  if (own.length > 0)
    different++
}

const directory = process.argv[2] ? undefined : mkdtempSync(join(tmpdir(), 'stet-freshness-'))
try {
  const driver = process.argv[2] ?? build(directory)
  for (const role of ['shared', 'private']) {
    const verdicts = ours(exchanges, role, driver)
    exchanges.forEach((e, i) => compare(e, role, verdicts[i], theirs(e, role === 'shared')))
  }
} finally {
  if (directory)
    rmSync(directory, { recursive: true })
}

console.log(`${2 * count} opinions, ${different} differ; the known differences:`)
for (const [name, times] of occurred) {
  console.log(`  ${String(times).padStart(5)} ${name}`)
  if (times === 0)
    failures.push(`the exception ${name} never occurs`)
}
for (const failure of failures.slice(0, 40))
  console.log(failure)
console.log(`${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0
