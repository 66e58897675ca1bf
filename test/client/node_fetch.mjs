#!/usr/bin/env node
// node_fetch.mjs [TEST...]: Node's fetch and http.Agent against a running stet serve
import { createHash, randomFillSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { check, equal, place, run, serve } from './server.mjs';

const TEXT = 'let it stand, or let it change\n'.repeat(300);
const LARGE = randomFillSync(Buffer.alloc(16 << 20));

const digest = (octets) => createHash('sha256').update(octets).digest('hex');

function site(path) {
  mkdirSync(join(path, 'dir'));
  writeFileSync(join(path, 'text.txt'), TEXT);
  writeFileSync(join(path, 'large.bin'), LARGE);
  writeFileSync(join(path, 'dir/index.html'), '<!doctype html><title>dir</title>\n');
  return path;
}

async function conditional() {
  await place((path) => serve(site(path), [], async ({ url }) => {
    const first = await fetch(`${url}/text.txt`);
    equal('200', [first.status, await first.text()], [200, TEXT]);
    const etag = first.headers.get('etag');
    const same = await fetch(`${url}/text.txt`, { headers: { 'If-None-Match': etag } });
    equal('304 to its tag', [same.status, await same.text()], [304, '']);
    const date = await fetch(`${url}/text.txt`,
      { headers: { 'If-Modified-Since': first.headers.get('last-modified') } });
    equal('304 to its date', [date.status, await date.text()], [304, '']);
    const failed = await fetch(`${url}/text.txt`, { headers: { 'If-Match': '"other"' } });
    equal('412', [failed.status, (await failed.text()).includes('412')], [412, true]);
    writeFileSync(join(path, 'text.txt'), TEXT.toUpperCase());
    const changed = await fetch(`${url}/text.txt`, { headers: { 'If-None-Match': etag } });
    equal('200 after an edit', [changed.status, await changed.text()], [200, TEXT.toUpperCase()]);
    const part = await fetch(`${url}/text.txt`, { headers: { Range: 'bytes=0-11' } });
    equal('206', [part.status, await part.text()], [206, TEXT.slice(0, 12).toUpperCase()]);
    const there = await fetch(`${url}/dir`);
    equal('redirect followed', [there.status, there.redirected, new URL(there.url).pathname],
      [200, true, '/dir/']);
    const hand = await fetch(`${url}/dir`, { redirect: 'manual' });
    equal('redirect by hand', [hand.status, hand.headers.get('location')], [301, '/dir/']);
  }));
}

async function codings() {
  await place((path) => serve(site(path), [], async ({ url }) => {
    for (const coding of ['gzip', 'br']) {
      const ask = (more) => fetch(`${url}/text.txt`, { headers: { 'Accept-Encoding': coding, ...more } });
      const coded = await ask({});
      equal(coding, [coded.headers.get('content-encoding'), await coded.text()], [coding, TEXT]);
      const same = await ask({ 'If-None-Match': coded.headers.get('etag') });
      equal(`${coding}: 304`, [same.status, await same.text()], [304, '']);
    }
    const both = await fetch(`${url}/text.txt`);
    check('fetch asks for a coding by itself', both.headers.get('content-encoding') !== null);
    equal('and undoes it', await both.text(), TEXT);
  }));
}

// Reads a response to its end; the digest of it.
async function digestOf(response) {
  const hash = createHash('sha256');
  for await (const piece of response.body) hash.update(piece);
  return hash.digest('hex');
}

// Six downloads at once, three of which are given up in the middle.
async function abort() {
  await place((path) => serve(site(path), [], async ({ url }) => {
    const given = async () => {
      const controller = new AbortController();
      const response = await fetch(`${url}/large.bin`, { signal: controller.signal });
      const reader = response.body.getReader();
      await reader.read();
      controller.abort();
      return reader.read().then(() => 'read on', (error) => error.name);
    };
    const whole = async () => digestOf(await fetch(`${url}/large.bin`));
    const wanted = digest(LARGE);
    equal('three given up, three whole', await Promise.all(
      [whole(), given(), whole(), given(), given(), whole()]),
    [wanted, 'AbortError', wanted, 'AbortError', 'AbortError', wanted]);
    const after = await fetch(`${url}/text.txt`);
    equal('the server goes on', await after.text(), TEXT);
  }));
}

// A stream as content cannot be replayed and is sent chunked; the refusal comes before its end.
async function upload() {
  await place((path) => serve(site(path), [], async ({ url }) => {
    const body = () => new ReadableStream({
      start(stream) {
        for (let i = 0; i < 20; i++) stream.enqueue(new Uint8Array(1000));
        stream.close();
      },
    });
    const answer = await fetch(`${url}/text.txt`, { method: 'POST', body: body(), duplex: 'half' });
    equal('405', [answer.status, answer.headers.get('allow')], [405, 'GET, HEAD, OPTIONS']);
    await answer.text();
    const after = await fetch(`${url}/text.txt`);
    equal('and in step', await after.text(), TEXT);
  }));
}

// http.Agent: many requests over a few connections that are kept.
async function agent() {
  await place((path) => serve(site(path), [], async ({ url }) => {
    const keeper = new Agent({ keepAlive: true, maxSockets: 4 });
    const sockets = new Set();
    const one = () => new Promise((resolve, reject) => {
      get(`${url}/text.txt`, { agent: keeper }, (response) => {
        sockets.add(response.socket.localPort);
        let text = '';
        response.on('data', (piece) => { text += piece; });
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
    const texts = await Promise.all(Array.from({ length: 100 }, one));
    equal('100 answers', texts.filter((text) => text === TEXT).length, 100);
    equal('over 4 connections', sockets.size, 4);
    keeper.destroy();
  }));
}

// A client that reads nothing for a while gets everything in the end, and holds nobody up.
async function backpressure() {
  await place((path) => serve(site(path), [], async ({ url }) => {
    const { port } = new URL(url);
    const slow = connect(Number(port), '127.0.0.1');
    slow.pause();
    slow.write('GET /large.bin HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    const others = await Promise.all(Array.from({ length: 20 }, async () =>
      (await fetch(`${url}/text.txt`)).text()));
    equal('others are served meanwhile', others.filter((text) => text === TEXT).length, 20);
    const pieces = [];
    for await (const piece of slow) pieces.push(piece);
    const octets = Buffer.concat(pieces);
    equal('and then all of it', digest(octets.subarray(octets.indexOf('\r\n\r\n') + 4)), digest(LARGE));
  }));
}

await run([conditional, codings, abort, upload, agent, backpressure]);
