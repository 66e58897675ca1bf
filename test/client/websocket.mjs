#!/usr/bin/env node
// websocket.mjs [TEST...]: WebSocket through stet proxy, from and to HTTP/1.1 and HTTP/2 [RFC 8441]
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, constants, createSecureServer, createServer as createServer2 } from 'node:http2';
import { join } from 'node:path';
import { check, equal, eventually, place, proxy, run } from './server.mjs';

const MIB = 1 << 20;
const LARGE = randomFillSync(Buffer.alloc(32 * MIB));
const digest = (octets) => createHash('sha256').update(octets).digest('hex');
const acceptOf = (key) => createHash('sha1')
  .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const pseudo = (fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith(':')));

// ---- origins: /echo, /late says "bye" behind the end, /no is 403, /dies breaks off, /resets ----

// `seen` gets what each of them was asked; `counts.received` the octets that have come.
function answer(path, duplex, counts, dies, resets) {
  duplex.on('error', () => {});
  if (path === '/dies') duplex.once('data', dies);
  else if (path === '/resets') duplex.once('data', resets);
  else if (path === '/late') {
    duplex.resume();
    duplex.on('end', () => duplex.end('bye'));
  } else {
    duplex.on('data', (piece) => { counts.received += piece.length; });
    duplex.pipe(duplex);
  }
}

function upgrades(server, seen, counts) {
  server.on('upgrade', (asked, socket) => {
    seen.push({ version: '1.1', ...asked.headers });
    if (asked.url === '/no') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nX-Why: not\r\n\r\nno\n');
      return;
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: ${acceptOf(asked.headers['sec-websocket-key'])}\r\n\r\n`);
    answer(asked.url, socket, counts, () => socket.destroy(), () => socket.resetAndDestroy());
  });
}

function streams(server, seen, counts) {
  const sessions = new Set();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, fields) => {
    stream.on('error', () => {});
    if (fields[':method'] !== 'CONNECT') {
      stream.respond({ ':status': 200, 'cache-control': 'no-store' });
      stream.end('ordinary\n');
      return;
    }
    seen.push({ version: '2', ...fields });
    if (fields[':path'] === '/no') {
      stream.respond({ ':status': 403, 'x-why': 'not' });
      stream.end('no\n');
      return;
    }
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    answer(fields[':path'], stream, counts, () => stream.session.destroy(),
      () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  });
  return () => sessions.forEach((session) => session.destroy());
}

async function listening(server, scheme, close, use) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`${scheme}://localhost:${server.address().port}`);
  } finally {
    close();
    server.closeAllConnections?.();
    server.close();
  }
}

const origins = {
  1: (seen, counts, use) => {
    const server = createServer();
    upgrades(server, seen, counts);
    return listening(server, 'http', () => {}, use);
  },
  2: (seen, counts, use, settings = { enableConnectProtocol: true }) => {
    const server = createServer2({ settings });
    return listening(server, 'h2c', streams(server, seen, counts), use);
  },
};

// Speaks both, as ALPN chooses.
const secure = (settings) => (seen, counts, use) => place((path) => {
  const [key, cert] = [join(path, 'key.pem'), join(path, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-days', '2'], { stdio: 'ignore' });
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true, settings });
  upgrades(server, seen, counts);
  return listening(server, 'https', streams(server, seen, counts), use);
});

// ---- clients: use({ status, headers, duplex, content }), of which one is undefined ----

async function open1(url, path, use) {
  const key = randomBytes(16).toString('base64');
  const asking = request(url + path, { headers: { upgrade: 'websocket', connection: 'Upgrade',
    'sec-websocket-version': '13', 'sec-websocket-key': key, 'sec-websocket-protocol': 'chat' } });
  asking.end();
  const got = await new Promise((resolve, reject) => {
    asking.on('upgrade', (answer, socket) => resolve({ answer, socket }));
    asking.on('response', (answer) => resolve({ answer }));
    asking.on('error', reject);
  });
  const { statusCode: status, headers } = got.answer;
  if (!got.socket) return use({ status, headers, content: await text(got.answer) });
  equal('the accept', headers['sec-websocket-accept'], acceptOf(key));
  equal('what is spoken', [headers.upgrade, headers.connection.toLowerCase()], ['websocket', 'upgrade']);
  try {
    return await use({ status, headers, duplex: got.socket });
  } finally {
    got.socket.destroy();
  }
}

async function open2(url, path, use) {
  const client = connect(url);
  client.on('error', () => {});
  try {
    await once(client, 'remoteSettings');
    const stream = client.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': path,
      'sec-websocket-version': '13', 'sec-websocket-protocol': 'chat' }, { endStream: false });
    stream.on('error', () => {});
    const [headers] = await once(stream, 'response');
    const status = headers[':status'];
    equal('no accept', headers['sec-websocket-accept'], undefined);
    return status === 200 ? await use({ status, headers, duplex: stream })
      : await use({ status, headers, content: await text(stream) });
  } finally {
    client.destroy();
  }
}

async function text(readable) {
  const pieces = [];
  for await (const piece of readable) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

// Reads so many octets, then stops.
function exactly(duplex, size) {
  return new Promise((resolve, reject) => {
    const pieces = [];
    let got = 0;
    const take = (piece) => {
      pieces.push(piece);
      got += piece.length;
      if (got < size) return;
      duplex.off('data', take);
      duplex.off('close', lost);
      resolve(Buffer.concat(pieces));
    };
    const lost = () => reject(new Error(`closed after ${got} of ${size} octets`));
    duplex.on('data', take);
    duplex.on('close', lost);
    duplex.resume();
  });
}

const clients = { 1: open1, 2: open2 };

// Calls use(open, seen, counts, origin) for each kind of client before an origin.
async function each(origin, options, use) {
  for (const version of [1, 2]) {
    const seen = [], counts = { received: 0 };
    await origin(seen, counts, (to) => proxy(to, ['--workers=1', ...options], ({ url }) =>
      use((path, then) => clients[version](url, path, then), seen, counts, version)));
  }
}

async function everywhere(use) {
  for (const kind of [1, 2])
    await each(origins[kind], [], (open, seen, counts, version) => use(open, seen, counts, kind, version));
}

// ---- tests ----

async function handshake() {
  await everywhere(async (open, seen, counts, kind, version) => {
    await open('/echo', async ({ status, headers, duplex }) => {
      equal('it is open', [status, headers['sec-websocket-protocol']], [version === 1 ? 101 : 200, 'chat']);
      duplex.write('hello');
      equal('echo', (await exactly(duplex, 5)).toString(), 'hello');
    });
    equal('the origin is asked once', seen.map((asked) => asked.version), [kind === 1 ? '1.1' : '2']);
    const [asked] = seen;
    equal('fields', [asked['sec-websocket-version'], asked['sec-websocket-protocol']], ['13', 'chat']);
    if (kind === 1) {
      equal('upgrade', [asked.upgrade, asked['sec-websocket-key'].length], ['websocket', 24]);
      return;
    }
    equal('extended CONNECT', { ...pseudo(asked), ':authority': '' },
      { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':authority': '', ':path': '/echo' });
    equal('nothing of HTTP/1.1', [asked.upgrade, asked.connection, asked['sec-websocket-key']], [undefined, undefined, undefined]);
  });
}

// Both ways at a time, and nobody holds what the other side does not take.
async function echo() {
  await everywhere((open, seen, counts, kind, version) => open('/echo', async ({ duplex }) => {
    duplex.write(LARGE.subarray(0, MIB));
    equal(`1 MiB from ${version} to ${kind}`, digest(await exactly(duplex, MIB)), digest(LARGE.subarray(0, MIB)));
    duplex.pause();
    counts.received = 0;
    duplex.write(LARGE);
    let before = -1, same = 0;
    await eventually(() => {
      same = before === counts.received ? same + 1 : 0;
      before = counts.received;
      return same > 30;
    });
    if (kind === 2)
      check('who does not read is not written for', counts.received > 0 && counts.received < LARGE.length / 2, counts.received);
    equal(`32 MiB from ${version} to ${kind}`, digest(await exactly(duplex, LARGE.length)), digest(LARGE));
  }));
}

async function halfClose() {
  await everywhere((open) => open('/late', async ({ duplex }) => {
    duplex.end('the last');
    equal('answered behind the end', await text(duplex), 'bye');
  }));
}

async function dies() {
  await everywhere(async (open) => {
    for (const path of ['/dies', '/resets'])
      await open(path, async ({ duplex }) => {
        let over = false;
        duplex.on('error', () => {}).on('end', () => { over = true; }).on('close', () => { over = true; });
        duplex.resume();
        duplex.write('x');
        check(`${path} is over`, await eventually(() => over));
      });
    await open('/echo', async ({ duplex }) => {
      duplex.write('again');
      equal('the next one is not', (await exactly(duplex, 5)).toString(), 'again');
    });
  });
}

async function refused() {
  await everywhere((open) => open('/no', async ({ status, headers, content }) =>
    equal('403', [status, headers['x-why'], content], [403, 'not', 'no\n'])));
}

async function notOffered() {
  await each((seen, counts, use) => origins[2](seen, counts, use, {}), [], async (open, seen) => {
    await open('/echo', async ({ status, headers }) => {
      equal('502', status, 502);
      check('and why', /http_upgrade_failed/.test(headers['proxy-status']), headers['proxy-status']);
    });
    equal('the origin was not asked', seen, []);
  });
}

async function negotiated() {
  for (const [settings, wanted] of [[{ enableConnectProtocol: true }, '2'], [{}, '1.1']])
    await each(secure(settings), ['--origin-insecure'], async (open, seen) => {
      for (let i = 0; i < 3; i++)
        await open('/echo', async ({ duplex }) => {
          duplex.write('hello');
          equal('echo', (await exactly(duplex, 5)).toString(), 'hello');
        });
      equal('over what', seen.map(({ version }) => version), [wanted, wanted, wanted]);
    });
}

await run([handshake, echo, halfClose, dies, refused, notOffered, negotiated]);
