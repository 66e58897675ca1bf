#!/usr/bin/env node
// node_http2.mjs [TEST...]: Node's http2 with prior knowledge, against stet serve and stet proxy
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, constants } from 'node:http2';
import { join } from 'node:path';
import { check, equal, place, proxy, run, serve } from './server.mjs';

const TEXT = 'let it stand, or let it change\n'.repeat(300);
const LARGE = randomFillSync(Buffer.alloc(8 << 20));

const digest = (octets) => createHash('sha256').update(octets).digest('hex');

function site(path) {
  writeFileSync(join(path, 'text.txt'), TEXT);
  writeFileSync(join(path, 'large.bin'), LARGE);
  return path;
}

// Calls use(session), which is closed afterwards; what goes wrong with it is told.
async function session(url, use) {
  const client = connect(url);
  const faults = [];
  client.on('error', (error) => faults.push(String(error)));
  try {
    await use(client);
  } finally {
    if (!client.destroyed) {
      client.close();
      await once(client, 'close');
    }
  }
  equal('no fault of the connection', faults, []);
}

// { status, headers, hints, content, trailers } of an answer.
async function ask(client, headers, content) {
  const stream = client.request(headers, { endStream: content === undefined });
  const pieces = [], hints = [];
  let trailers = {};
  stream.on('headers', (fields) => hints.push(fields[':status']));
  stream.on('trailers', (fields) => { trailers = { ...fields }; });
  stream.on('data', (piece) => pieces.push(piece));
  if (content !== undefined) stream.end(content);
  const [[fields]] = await Promise.all([once(stream, 'response'), once(stream, 'end')]);
  return { status: fields[':status'], headers: fields, hints, trailers, content: Buffer.concat(pieces) };
}

async function conditional() {
  await place((path) => serve(site(path), [], async ({ url }) => session(url, async (client) => {
    const whole = await ask(client, { ':path': '/text.txt' });
    equal('200', [whole.status, whole.content.toString()], [200, TEXT]);
    const same = await ask(client, { ':path': '/text.txt', 'if-none-match': whole.headers.etag });
    equal('304', [same.status, same.content.length, same.headers.etag], [304, 0, whole.headers.etag]);
    equal('304 without a length', same.headers['content-length'], undefined);
    const head = await ask(client, { ':path': '/text.txt', ':method': 'HEAD' });
    equal('HEAD', [head.status, head.content.length, head.headers['content-length']],
      [200, 0, String(TEXT.length)]);
    const part = await ask(client, { ':path': '/text.txt', range: 'bytes=5-9' });
    equal('206', [part.status, part.content.toString(), part.headers['content-range']],
      [206, TEXT.slice(5, 10), `bytes 5-9/${TEXT.length}`]);
    const parts = await ask(client, { ':path': '/text.txt', range: 'bytes=0-3,1000-1003' });
    check('two parts', parts.status === 206 &&
      parts.headers['content-type'].startsWith('multipart/byteranges') &&
      Number(parts.headers['content-length']) === parts.content.length, parts.headers);
    const none = await ask(client, { ':path': '/text.txt', range: 'bytes=999999-' });
    equal('416', none.status, 416);
    const put = await ask(client, { ':path': '/text.txt', ':method': 'PUT' }, LARGE.subarray(0, 200000));
    equal('405, and its content is let in', put.status, 405);
    const other = await ask(client, { ':path': '/text.txt', cookie: ['a=1', 'b=2'], te: 'trailers' });
    equal('and the connection goes on', other.status, 200);
  })));
}

// A hundred streams, one of which nobody reads, and some are given up.
async function streams() {
  await place((path) => serve(site(path), [], async ({ url }) => session(url, async (client) => {
    const slow = client.request({ ':path': '/large.bin' });
    await once(slow, 'response');
    slow.pause();
    const all = await Promise.all(Array.from({ length: 100 }, () => ask(client, { ':path': '/text.txt' })));
    equal('100 answers beside it', all.filter(({ content }) => content.toString() === TEXT).length, 100);
    for (let i = 0; i < 50; i++) {
      const given = client.request({ ':path': '/large.bin' });
      given.on('error', () => {});
      await once(given, 'response');
      given.close(constants.NGHTTP2_CANCEL);
    }
    const pieces = [];
    for await (const piece of slow) pieces.push(piece);
    equal('and all of it in the end', digest(Buffer.concat(pieces)), digest(LARGE));
    const [took] = await new Promise((resolve) => client.ping((...said) => resolve(said)));
    equal('PING is answered', took, null);
  })));
}

// What goes through to an origin of HTTP/1, and what comes back.
async function through() {
  const seen = [];
  const origin = createServer(async (request, response) => {
    const hash = createHash('sha256');
    for await (const piece of request) hash.update(piece);
    seen.push({ ...request.headers, trailers: { ...request.trailers } });
    response.writeEarlyHints({ link: '</a>; rel=preload' });
    response.writeHead(200, { trailer: 'x-sum', 'cache-control': 'no-store' });
    response.write(hash.digest('hex'));
    response.addTrailers({ 'x-sum': '7' });
    response.end();
  });
  origin.on('checkContinue', (request, response) => {
    response.writeContinue();
    origin.emit('request', request, response);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  try {
    await proxy(`http://127.0.0.1:${origin.address().port}`, [], async ({ url }) => session(url, async (client) => {
      const first = await ask(client, { ':path': '/a', cookie: ['a=1', 'b=2', 'c=3'], te: 'trailers' });
      equal('103', first.hints, [103]);
      equal('trailers come back', first.trailers['x-sum'], '7');
      equal('crumbs are one line', seen[0].cookie, 'a=1; b=2; c=3');
      check('Host is the authority', seen[0].host === new URL(url).host || seen[0]['x-forwarded-host'], seen[0]);
      const up = client.request({ ':path': '/b', ':method': 'POST', trailer: 'x-up' },
        { endStream: false, waitForTrailers: true });
      up.on('wantTrailers', () => up.sendTrailers({ 'x-up': 'yes' }));
      up.end(LARGE);
      let text = '';
      up.on('data', (piece) => { text += piece; });
      await once(up, 'end');
      equal('8 MiB up', text, digest(LARGE));
      equal('trailers go up', seen[1].trailers, { 'x-up': 'yes' });
      const waits = client.request({ ':path': '/c', ':method': 'POST', expect: '100-continue' },
        { endStream: false });
      let continued = false, answer = '';
      waits.on('continue', () => { continued = true; waits.end('late'); });
      waits.on('data', (piece) => { answer += piece; });
      await once(waits, 'end');
      equal('100, then the content', [continued, answer], [true, digest('late')]);
    }));
  } finally {
    origin.close();
  }
}

await run([conditional, streams, through]);
