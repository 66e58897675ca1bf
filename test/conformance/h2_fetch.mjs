// A fetch over HTTP/2 by Node's own client, as much of one as http-cache-tests asks for: no redirects,
// no codings. Requests to one server share a connection.
import { connect } from 'node:http2'

const sessions = new Map()

function sessionTo(origin) {
  let session = sessions.get(origin)
  if (!session || session.closed || session.destroyed) {
    session = connect(origin, { rejectUnauthorized: false })
    session.on('error', () => {})
    session.on('goaway', () => sessions.delete(origin))
    sessions.set(origin, session)
  }
  return session
}

// Lines of the same name stay lines of their own. Spaces around values are HTTP/1's [RFC 9113 §8.2.1].
function fields(url, init) {
  const found = { ':method': init.method ?? 'GET', ':path': url.pathname + url.search, accept: '*/*' }
  for (const [name, spaced] of init.headers ?? []) {
    const key = name.toLowerCase(), value = String(spaced).trim()
    found[key] = key in found && key !== 'accept' ? [].concat(found[key], value) : value
  }
  return found
}

export function fetch(address, init = {}) {
  const url = new URL(address)
  return new Promise((resolve, reject) => {
    const stream = sessionTo(url.origin).request(fields(url, init), { endStream: init.body === undefined })
    const pieces = []
    const whole = new Promise((done, fail) => {
      stream.on('data', piece => pieces.push(piece))
      stream.on('end', () => done(Buffer.concat(pieces).toString()))
      stream.on('error', fail)
      stream.on('close', () => fail(new Error(`${url}: closed with ${stream.rstCode}`)))
    })
    whole.catch(reject)
    stream.on('response', (_, flags, raw) => {
      const headers = new Headers()
      for (let i = 0; i < raw.length; i += 2)
        if (!raw[i].startsWith(':'))
          headers.append(raw[i], raw[i + 1])
      resolve({ status: Number(raw[raw.indexOf(':status') + 1]), headers, text: () => whole })
    })
    if (init.body !== undefined)
      stream.end(init.body)
  })
}
