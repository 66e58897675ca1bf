// Drives sf_driver.c: builds it if no path to it is given, sends it orders, returns its answers.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const rooms = ['base64', 'byte', 'field', 'head', 'list', 'sf', 'sf_member', 'sf_scan', 'sf_writer',
  'span', 'utf8']

function build(directory) {
  const driver = join(directory, 'sf_driver')
  execFileSync(process.env.CC ?? 'cc', [
    '-std=c11', '-D_GNU_SOURCE', '-O1', '-g', '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all', '-I', join(root, 'src'), '-o', driver,
    join(root, 'test/conformance/sf_driver.c'),
    ...rooms.map(room => join(root, 'src/stet', `${room}.c`)),
  ], { stdio: 'inherit' })
  return driver
}

// orders: array of [order, kind, text]; gives an array of arrays of strings.
export function drive(orders, path = process.argv[2]) {
  const directory = path ? undefined : mkdtempSync(join(tmpdir(), 'stet-sf-'))
  try {
    const input = orders.map(order => order.join('\t') + '\n').join('')
    const run = spawnSync(path ?? build(directory), { input, maxBuffer: 1 << 30, encoding: 'utf8' })
    if (run.status !== 0)
      throw new Error(`the driver failed: ${run.error ?? run.stderr}`)
    return run.stdout.split('\n').slice(0, -1).map(line => line.split('\t'))
  } finally {
    if (directory)
      rmSync(directory, { recursive: true })
  }
}

export const hex = text => Buffer.from(text, 'utf8').toString('hex')
export const unhex = text => Buffer.from(text, 'hex').toString('latin1')

// The end of a script: its last line and its exit status.
export function finish(passed, failures) {
  for (const failure of failures.slice(0, 40))
    console.log(failure)
  console.log(`${passed} passed, ${failures.length} failed`)
  process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0
}
