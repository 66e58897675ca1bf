// An origin server on Node's http, or http2 without TLS if ORIGIN_H2 is set, for the tests of the
// proxy. Prints "listening PORT"; what it was
// asked is told under /told, so that a test sees what came through.
//
//     /fresh/...     max-age=60            /chunked   in pieces, with a trailer
//     /etag          a strong tag, no-cache; 304 when asked by it
//     /bare          no validator at all   /large/N   N octets, as fast as they are taken
//     /events        SSE: one event now, the next when /next is asked
//     /hints         103, then 200         /echo      the content of the request
//     /continue      100, and the content  /slow      takes its content slowly; says how much
//     /private       its own for each      /never     no answer
//     Upgrade        WebSocket: frames are echoed, without their mask
import { createHash } from 'node:crypto'
import { createServer as createServerOfHttp1 } from 'node:http'
import { createServer as createServerOfHttp2 } from 'node:http2'

const h2 = Boolean(process.env.ORIGIN_H2)
const createServer = h2 ? createServerOfHttp2 : createServerOfHttp1

const told = new Map()
let requests = 0
let waiting = []
let taken = 0

const routes = {
  fresh: (request, response) => {
    response.setHeader('Cache-Control', 'max-age=60')
    response.end(`fresh ${request.url} ${requests}`)
  },
  slowly: (request, response) => {
    response.setHeader('Cache-Control', 'max-age=60')
    setTimeout(() => response.end(`slowly ${requests}`), 300)
  },
  etag: (request, response) => {
    response.setHeader('ETag', '"one"')
    response.setHeader('Cache-Control', 'no-cache')
    if (request.headers['if-none-match']?.includes('"one"'))
      response.writeHead(304).end()
    else
      response.end('a page with a tag')
  },
  bare: (request, response) => {
    response.setHeader('Cache-Control', 'no-cache')
    response.end('a page without a validator')
  },
  private: (request, response) => {
    response.setHeader('Cache-Control', 'private')
    response.end(`for ${request.headers.authorization}`)
  },
  chunked: (request, response) => {
    response.setHeader('Trailer', 'ETag')
    response.write('one ')
    response.write('two ')
    response.addTrailers({ ETag: '"late"' })
    response.end('three')
  },
  events: (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    response.write(`data: first ${waiting.length}\n\n`)
    waiting.push(response)
  },
  next: (request, response) => {
    waiting.forEach(each => each.end('data: last\n\n'))
    response.end(`${waiting.length}`)
    waiting = []
  },
  hints: (request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    setTimeout(() => response.end('after hints'), 50)
  },
  large: (request, response) => {
    let left = Number(request.url.split('/')[2])
    const piece = Buffer.alloc(65536, 'x')
    response.setHeader('Content-Length', left)
    const more = () => {
      while (left > 0) {
        const part = piece.subarray(0, Math.min(left, piece.length))
        left -= part.length
        taken += part.length
        if (!response.write(part)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
  },
  echo: (request, response) => request.pipe(response),
  continue: (request, response) => request.pipe(response),
  slow: (request, response) => {
    let size = 0
    request.on('data', piece => {
      size += piece.length
      request.pause()
      setTimeout(() => request.resume(), 1)
    })
    request.on('end', () => response.end(`${size}`))
  },
  never: () => {},
  taken: (request, response) => response.end(`${taken}`)
}

const server = createServer((request, response) => {
  const name = request.url.split(/[/?]/)[1]
  if (name === 'told') {
    response.setHeader('Cache-Control', 'no-store')
    response.end(JSON.stringify(told.get(decodeURIComponent(request.url.slice(6))) ?? []))
    return
  }
  requests++
  const fields = { host: request.headers[':authority'], ...request.headers }
  const heard = { method: request.method, url: request.url, fields }
  told.set(request.url, [...told.get(request.url) ?? [], heard])
  const route = routes[name]
  if (route)
    route(request, response)
  else
    response.writeHead(404).end('nothing here')
})

// Node says 100 by itself unless this is heard; /echo leaves it out, as many servers do.
server.on('checkContinue', (request, response) => {
  if (request.url.startsWith('/continue'))
    response.writeContinue()
  if (request.url.startsWith('/refuse')) {
    response.writeHead(413, h2 ? {} : { Connection: 'close' }).end('too large')
    return
  }
  server.emit('request', request, response)
})

// WebSocket, as far as an echo of short text frames goes [RFC 6455].
server.on('upgrade', (request, socket, head) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
               `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
  let kept = head
  const read = bytes => {
    kept = Buffer.concat([kept, bytes])
    while (kept.length >= 6 && kept.length >= 6 + (kept[1] & 127)) {
      const size = kept[1] & 127
      const mask = kept.subarray(2, 6)
      const text = Buffer.from(kept.subarray(6, 6 + size).map((octet, i) => octet ^ mask[i % 4]))
      if ((kept[0] & 15) === 8)
        return socket.end(Buffer.concat([Buffer.from([0x88, size]), text]))
      socket.write(Buffer.concat([Buffer.from([0x81, size]), text]))
      kept = kept.subarray(6 + size)
    }
  }
  socket.on('data', read)
  socket.on('error', () => {})
  read(Buffer.alloc(0))
})

server.keepAliveTimeout = 60000
server.listen(process.argv[2] ?? 0, '127.0.0.1',
              () => process.stdout.write(`listening ${server.address().port ?? process.argv[2]}\n`))
process.on('SIGTERM', () => process.exit(0))
