// A second opinion on structured fields: the npm package structured-headers reads the same fields.
//
//     node sf_peer.mjs [path of a built sf_driver] [seed] [count]
//
// Fields are made from the grammar by a seeded generator; half of them are then damaged in a few
// octets. Both readers must agree on taking or refusing each, and on what it says; what we write of
// it must say the same to the peer. Where they may differ, and which paragraph decides, is in
// doc/notes/structured-fields-second-opinion.md; such differences are counted apart. The last line is
// "N passed, N failed".
import { isDeepStrictEqual } from 'node:util'
import { DisplayString, parseDictionary, parseItem, parseList, Token } from 'structured-headers'
import { drawn } from './drawn.mjs'
import { drive, finish, unhex } from './sf_driver.mjs'

const seed = Number(process.argv[3] ?? 9651)
const count = Number(process.argv[4] ?? 8000)

const { random, pick } = drawn(seed)
const some = (least, most, make) => Array.from({ length: least + random(most - least + 1) }, make)

const digits = most => some(1, most, () => random(10)).join('')
const spaces = () => pick(['', '', ' ', '  '])
const blanks = () => pick(['', ' ', '\t', ' \t '])
const key = () => pick([...'abckz*']) + some(0, 3, () => pick([...'az09_-.*'])).join('')
const texts = ['', 'a', '%c3%bc', '%f0%9f%98%80', '%41', '%00', '%22', '\\', ' x', '%ef%bb%bf']
const items = [
  () => pick(['', '-']) + digits(15),
  () => `${pick(['', '-'])}${digits(12)}.${digits(3)}`,
  () => `"${some(0, 5, () => pick(['a', ' ', '~', '\\"', '\\\\', ',', ';', '('])).join('')}"`,
  () => pick([...'aZ*']) + some(0, 5, () => pick([...'a9:/!#$%&\'*+-.^_`|~'])).join(''),
  () => `:${Buffer.from(some(0, 7, () => random(256))).toString('base64').replace(/=+$/, pad =>
    pick([pad, pad, '']))}:`,
  () => random(4) ? pick(['?0', '?1']) : `@${pick(['', '-'])}${digits(12)}`,
  () => `%"${some(0, 4, () => pick(texts)).join('')}"`,
]
const bare = () => pick(items)()
const parameters = () =>
  some(0, pick([0, 0, 3]), () => `;${spaces()}${key()}${pick(['', `=${bare()}`])}`).join('')
const item = () => bare() + parameters()
const inner = () => `(${spaces()}${some(0, 3, item).join(pick([' ', '  ']))}${spaces()})${parameters()}`
const member = () => pick([item, item, inner])()
const pair = () => key() + pick([parameters(), `=${member()}`, `=${member()}`])
const joined = parts => parts.reduce((text, part) => text + (text && `${blanks()},${blanks()}`) + part, '')
const makers = {
  item: () => spaces() + item() + spaces(),
  list: () => spaces() + joined(some(0, 4, member)) + spaces(),
  dictionary: () => spaces() + joined(some(0, 4, pair)) + spaces(),
}

const odd = [...' \t\n,;=()"\\:?@%*-.0aA_/+é\x00\x7f']
function damaged(text) {
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(text.length + 1)
    text = text.slice(0, at) + pick(['', pick(odd), pick(odd)]) + text.slice(at + random(2))
  }
  return text
}

// Cuts a field into lines at some commas, which joined by ", " would give it back or nearly so.
const lines = text => random(4) ? [text] : text.split(/,[ \t]*/)

const hexOf = octets => Buffer.from(octets).toString('hex')

function bareOf(value) {
  if (value instanceof Token)
    return { __type: 'token', value: hexOf(Buffer.from(value.toString())) }
  if (value instanceof DisplayString)
    return { __type: 'displaystring', value: hexOf(Buffer.from(value.toString(), 'utf8')) }
  if (value instanceof ArrayBuffer)
    return { __type: 'binary', value: hexOf(value) }
  if (value instanceof Date)
    return { __type: 'date', value: value.getTime() / 1000 + 0 }
  return typeof value === 'number' ? value + 0 : value // no minus zero
}

const entries = map => [...map].map(([name, value]) => [name, bareOf(value)])
const memberOf = ([value, rest]) =>
  [Array.isArray(value) ? value.map(memberOf) : bareOf(value), entries(rest)]

function peer(kind, text) {
  try {
    if (kind === 'item')
      return memberOf(parseItem(text))
    if (kind === 'list')
      return parseList(text).map(memberOf)
    return [...parseDictionary(text)].map(([name, value]) => [name, memberOf(value)])
  } catch {
    return undefined
  }
}

// Where the two may differ, by the field or by what we write of it; the numbers are the note's.
const mayDiffer = [
  ['1 a String over two lines', (text, lines) => lines.length > 1 && text.includes('"')],
  ['2 a BOM in front of a Display String', text => text.includes('%"%ef%bb%bf')],
  ['3 a Date with anything behind it', text => /@-?\d+[^\d]/.test(text)],
]

const fields = Array.from({ length: count }, () => {
  const kind = pick(Object.keys(makers))
  const text = makers[kind]()
  const parts = lines(random(2) ? damaged(text) : text)
  return { kind, lines: parts, text: parts.join(', ') }
})
const answers = drive(fields.map(field =>
  ['read', field.kind, field.lines.map(line => Buffer.from(line, 'latin1').toString('hex')).join(',')]))

let passed = 0
let taken = 0
const known = new Map()
const failures = []
fields.forEach((field, i) => {
  const [status, json, canonical] = answers[i]
  const ours = status === 'ok' ? JSON.parse(json) : undefined
  const theirs = peer(field.kind, field.text)
  const again = ours && peer(field.kind, unhex(canonical))
  if (isDeepStrictEqual(ours, theirs) && isDeepStrictEqual(again, theirs)) {
    passed++
    taken += status === 'ok'
    return
  }
  const difference = mayDiffer.find(([, applies]) =>
    applies(field.text, field.lines) || applies(unhex(canonical ?? ''), field.lines))
  if (difference)
    known.set(difference[0], (known.get(difference[0]) ?? 0) + 1)
  else
    failures.push(`${field.kind} ${JSON.stringify(field.lines)}: ours ${json ?? 'refused'}, ` +
      `theirs ${JSON.stringify(theirs) ?? 'refused'}, again ${JSON.stringify(again)}`)
})
console.log(`seed ${seed}: ${count} fields, both take ${taken}, both refuse ${passed - taken}`)
for (const [name, times] of [...known].sort())
  console.log(`known difference ${name}: ${times}`)
finish(passed, failures)
