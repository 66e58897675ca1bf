// What the two runners of http-cache-tests share: programs that are started and ended, the suite's own
// origin server, and lists of tests that fail on purpose.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../client/server.mjs'

const here = dirname(fileURLToPath(import.meta.url))

export function deadline(promise, ms, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${ms / 1000} s`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

// Starts a program and waits for the line that `pattern` finds in what it writes.
export function start(command, argv, env, pattern) {
  const program = spawn(command, argv, { env: { ...process.env, ...env }, cwd: root })
  let text = ''
  const ready = new Promise((resolve, reject) => {
    const look = piece => {
      text += piece
      const match = text.match(pattern)
      if (match)
        resolve(match[1])
    }
    program.stdout.on('data', look)
    program.stderr.on('data', look)
    program.on('error', reject)
    program.on('exit', status => reject(new Error(`${command} ended with ${status}: ${text}`)))
  })
  return { program, ready: deadline(ready, 20000, command), text: () => text }
}

export function end({ program }) {
  return new Promise(resolve => {
    if (program.exitCode !== null)
      return resolve()
    program.on('exit', resolve)
    program.kill('SIGTERM')
    setTimeout(() => program.kill('SIGKILL'), 3000).unref()
  })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

// The suite's origin on a port of its own; its file with the process' number goes into `folder`.
export async function origin(folder) {
  const port = await freePort()
  return { url: `http://127.0.0.1:${port}`, ...start('node', ['test/node_modules/http-cache-tests/server/server.mjs'],
    { npm_config_protocol: 'http', npm_config_port: port, npm_config_pidfile: join(folder, 'pid') },
    /(Listening on) http/) }
}

// The rows of a table beside this file, as arrays of cells.
export function rows(name) {
  return readFileSync(join(here, name), 'utf8').split('\n').filter(line => line && !line.startsWith('#'))
    .map(line => line.split('|').map(cell => cell.trim()))
}
