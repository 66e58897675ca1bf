#!/usr/bin/env node
// browser.mjs [TEST...]: Debian's Chromium on the demo site, its wire watched through DevTools
//
// What counts is the status on the wire: a page never sees a 304, the browser hands it its own copy.
// Screenshots are left for people to look at; their place is printed.
import { execFileSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, statSync, utimesSync,
  writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'node:http';
import { DEADLINE, check, equal, eventually, place, proxy, root, run, serve } from './server.mjs';

const PARTS = ['/', '/data.json', '/mark.svg', '/script.js', '/stamp.png', '/style.css'];
const results = join(root, 'build/results');
const pictures = existsSync(results) ? join(results, 'screenshots')
  : mkdtempSync(join(tmpdir(), 'stet-screenshots-'));

const launch = (...more) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: process.getuid() !== 0,
  args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', ...more],
});
const browser = await launch();

// What crossed the wire: for each request its path, status and fields, in the order of the answers.
class Tape {
  constructor() {
    this.paths = new Map();
    this.answers = [];
    this.protocols = new Set();
  }

  static async of(page) {
    const tape = new Tape();
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    session.on('Network.requestWillBeSent', ({ requestId, request }) => {
      tape.paths.set(requestId, new URL(request.url).pathname);
    });
    session.on('Network.responseReceived', ({ response }) => {
      if (response.protocol?.startsWith('h')) tape.protocols.add(response.protocol);
    });
    session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode, headers }) => {
      tape.answers.push({ requestId, status: statusCode, headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])) });
    });
    return tape;
  }

  // { path: status } since the last call, once all of `paths` were answered and the page is quiet.
  // What was asked for twice (an icon that is an image as well) has its lowest status: 200 before
  // 304. The icon that browsers ask for unbidden is left out.
  async take(page, paths = PARTS) {
    const statuses = () => this.answers.map(({ requestId, status }) =>
      [this.paths.get(requestId), status]).filter(([path]) => path && path !== '/favicon.ico');
    await eventually(() => paths.every((path) => statuses().some(([one]) => one === path)));
    await page.waitForLoadState('networkidle', { timeout: DEADLINE });
    const taken = Object.fromEntries(statuses().sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : y - x)));
    this.last = this.answers;
    this.answers = [];
    return taken;
  }

  fieldsOf(path) {
    return this.last.find(({ requestId }) => this.paths.get(requestId) === path)?.headers ?? {};
  }
}

const all = (status, ...except) => Object.fromEntries(PARTS.map((path) =>
  [path, except.includes(path) ? 200 : status]));

// Calls use(page, tape) with a page of a browser that has never been anywhere.
async function fresh(use, settings = {}, by = browser) {
  const context = await by.newContext({ viewport: { width: 1100, height: 900 }, ...settings });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  try {
    await use(page, await Tape.of(page), complaints);
  } finally {
    await context.close();
  }
}

async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

// Calls use(folder, url) with a copy of the demo site, served.
const demo = (options, use) => place((folder) => {
  const site = join(folder, 'site');
  cpSync(join(root, 'site'), site, { recursive: true });
  return serve(site, options, ({ url }) => use(site, url));
});

// Changes a file in place, keeping its size and its mtime.
function editQuietly(path, from, to) {
  const { atime, mtime } = statSync(path);
  const text = readFileSync(path, 'latin1');
  if (!text.includes(from) || from.length !== to.length) throw new Error(`no ${from} in ${path}`);
  writeFileSync(path, text.replace(from, to), 'latin1');
  utimesSync(path, atime, mtime);
}

// Through the proxy it is as without: 200, reload: 304, edit: one 200.
async function gateway() {
  await demo([], (site, origin) => proxy(origin, [], ({ url }) => fresh(async (page, tape, complaints) => {
    await page.goto(url);
    equal('first visit: all parts are sent', await tape.take(page), all(200));
    check('by the cache', /^stet; ?fwd=uri-miss/.test(tape.fieldsOf('/')['cache-status']),
      tape.fieldsOf('/')['cache-status']);
    equal('in the coding of the origin', tape.fieldsOf('/')['content-encoding'], 'br');
    await page.reload();
    equal('reload: 304 for all', await tape.take(page), all(304));
    editQuietly(join(site, 'data.json'), '"edition": 1', '"edition": 2');
    await page.reload();
    equal('an edit: that part is sent', await tape.take(page), all(304, '/data.json'));
    equal('and shown', await page.locator('#edition').textContent(), '2');
    equal('no complaints', complaints, []);
  })));
}

// A certificate for 127.0.0.1 that nobody vouches for: options of the server, and of a browser that
// shall trust it. One that only ignores the complaint stores nothing.
function certified(folder) {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
    '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const spki = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' });
  const digest = createHash('sha256').update(spki).digest('base64');
  return { tls: ['--tls', `--cert=${certificate}`, `--key=${key}`],
    trust: `--ignore-certificate-errors-spki-list=${digest}` };
}

// https: HTTP/2 on the wire, from the server of files and through the proxy; 200, reload: 304, edit.
async function secure() {
  const visits = (site, by) => ({ url }) => fresh(async (page, tape, complaints) => {
    await page.goto(url);
    equal('https: first visit', await tape.take(page), all(200));
    equal('https: reload', (await page.reload(), await tape.take(page)), all(304));
    editQuietly(join(site, 'data.json'), '"edition": 1', '"edition": 2');
    await page.reload();
    equal('https: an edit', await tape.take(page), all(304, '/data.json'));
    equal('https: it is shown', await page.locator('#edition').textContent(), '2');
    equal('https: all of it by HTTP/2', [...tape.protocols], ['h2']);
    equal('https: no complaints', complaints, []);
  }, {}, by);
  await place(async (folder) => {
    const { tls, trust } = certified(folder), site = join(folder, 'site');
    cpSync(join(root, 'site'), site, { recursive: true });
    const trusting = await launch(trust);
    try {
      await serve(site, tls, visits(site, trusting));
      editQuietly(join(site, 'data.json'), '"edition": 2', '"edition": 1');
      await serve(site, [], ({ url }) => proxy(url, tls, visits(site, trusting)));
    } finally {
      await trusting.close();
    }
  });
}

// An application that sends no validators, for one user: the proxy makes them.
async function without_validators() {
  let text = 'one';
  const origin = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.setHeader('Cache-Control', 'private, no-cache');
    response.end(`<!doctype html><title>app</title><p id=text>${text}</p>`);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  try {
    await proxy(`http://127.0.0.1:${origin.address().port}`, [], ({ url }) => fresh(async (page, tape) => {
      const visit = async () => (await tape.take(page, ['/']))['/'];
      await page.goto(url);
      equal('first visit', await visit(), 200);
      check('with a tag', /^"/.test(tape.fieldsOf('/').etag), tape.fieldsOf('/').etag);
      await page.reload();
      equal('reload: 304', await visit(), 304);
      text = 'two';
      await page.reload();
      equal('a change: 200', await visit(), 200);
      equal('which is shown', await page.locator('#text').textContent(), 'two');
    }));
  } finally {
    origin.closeAllConnections();
    origin.close();
  }
}

// 200, reload: 304, edit: one 200, rename: one 200, touch: 304.
async function revalidation() {
  await demo([], (site, url) => fresh(async (page, tape, complaints) => {
    await page.goto(url);
    equal('first visit: all parts are sent', await tape.take(page), all(200));
    equal('coded by brotli', tape.fieldsOf('/')['content-encoding'], 'br');
    equal('an image is not', tape.fieldsOf('/stamp.png')['content-encoding'], undefined);
    const edition = () => page.locator('#edition').textContent();
    equal('the data is shown', await edition(), '1');
    await page.reload();
    equal('reload: 304 for all', await tape.take(page), all(304));
    equal('and the page is whole', await edition(), '1');
    await picture(page, 'demo');

    editQuietly(join(site, 'data.json'), '"edition": 1', '"edition": 2');
    await page.reload();
    equal('an edit that keeps size and mtime: that part is sent', await tape.take(page),
      all(304, '/data.json'));
    equal('and shown', await edition(), '2');

    const style = readFileSync(join(site, 'style.css'), 'utf8');
    writeFileSync(join(site, 'new.css'), `${style}\nbody { outline: 3px solid rgb(1, 2, 3) }\n`);
    renameSync(join(site, 'new.css'), join(site, 'style.css'));
    await page.reload();
    equal('an edit by rename: that part is sent', await tape.take(page), all(304, '/style.css'));
    equal('and applied', await page.evaluate(() => getComputedStyle(document.body).outlineColor),
      'rgb(1, 2, 3)');

    for (const path of PARTS) utimesSync(join(site, path === '/' ? 'index.html' : path), 1e9, 1e9);
    await page.reload();
    equal('touch: 304 for all', await tape.take(page), all(304));
    const second = await page.context().newPage();
    const other = await Tape.of(second);
    await second.goto(url);
    equal('a second tab: 304 for all', await other.take(second), all(304));
    equal('no complaints', complaints, []);
  }));
}

// The button of the demo site says what crossed the wire.
async function button() {
  await demo([], (site, url) => fresh(async (page, tape, complaints) => {
    const press = async () => {
      await page.getByRole('button', { name: 'Has anything changed?' }).click();
      await page.waitForFunction(() => !document.getElementById('ask').disabled
        && document.querySelectorAll('#parts tr').length === 6, null, { timeout: DEADLINE });
      return page.locator('#parts tr').evaluateAll((rows) => rows.map((row) => row.dataset.answer));
    };
    await page.goto(url);
    await tape.take(page);
    equal('nothing has changed', await press(), Array(6).fill('304'));
    equal('so says the wire', await tape.take(page), all(304));
    editQuietly(join(site, 'data.json'), '"edition": 1', '"edition": 7');
    equal('the data has changed', await press(), ['304', '304', '304', '304', '304', '200']);
    equal('so says the wire', await tape.take(page), all(304, '/data.json'));
    equal('and the page shows it', await page.locator('#edition').textContent(), '7');
    await picture(page, 'demo-after-an-edit');
    equal('no complaints', complaints, []);
  }));
}

// The demo page on a narrow screen and with dark colours: for people to look at.
async function looks() {
  await demo([], (site, url) => Promise.all([
    fresh(async (page) => {
      await page.goto(url, { waitUntil: 'networkidle' });
      await page.getByRole('button').click();
      await page.waitForFunction(() => document.querySelectorAll('#parts tr').length === 6);
      await picture(page, 'demo-narrow');
      check('the answers are in sight', await page.locator('#parts .answer').first().evaluate((word) =>
        word.getBoundingClientRect().right < innerWidth));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      check('the page does not scroll sideways on a phone', !wide);
    }, { viewport: { width: 390, height: 800 } }),
    fresh(async (page) => {
      await page.goto(url, { waitUntil: 'networkidle' });
      await picture(page, 'demo-dark');
    }, { colorScheme: 'dark' }),
  ]));
}

// A fingerprinted name is not asked for again; the page that names it is.
async function immutable() {
  await place(async (site) => {
    const page = (name) => `<!doctype html><title>t</title><p id=p></p><script src="${name}"></script>`;
    writeFileSync(join(site, 'app.4f3c9a1b.js'), 'p.textContent = "one"');
    writeFileSync(join(site, 'app.9d2e70ac.js'), 'p.textContent = "two"');
    writeFileSync(join(site, 'index.html'), page('app.4f3c9a1b.js'));
    await serve(site, [], ({ url }) => fresh(async (tab, tape) => {
      await tab.goto(url);
      equal('first visit', await tape.take(tab, ['/']), { '/': 200, '/app.4f3c9a1b.js': 200 });
      await tab.reload();
      equal('reload: only the page is asked for', await tape.take(tab, ['/']), { '/': 304 });
      writeFileSync(join(site, 'index.html'), page('app.9d2e70ac.js'));
      await tab.reload();
      equal('a new version', await tape.take(tab, ['/']), { '/': 200, '/app.9d2e70ac.js': 200 });
      equal('runs', await tab.locator('#p').textContent(), 'two');
    }));
  });
}

// --browse: a folder without an index is listed; names that are hostile stay names.
async function browse() {
  await place(async (site) => {
    const hostile = '<img src=x onerror="document.title=1">.txt';
    mkdirSync(join(site, 'photos/summer 2026'), { recursive: true });
    mkdirSync(join(site, '.hidden'));
    for (const [name, size] of [['letter.txt', 1234], ['photos/one.jpg', 345678], [hostile, 3],
      ['100% "sure" & more?#1.txt', 40], ['d\u00e9j\u00e0 vu.html', 2048], ['big.iso', 7 << 20],
      ['photos/summer 2026/two.jpg', 99]]) {
      writeFileSync(join(site, name), 'x'.repeat(size));
    }
    await serve(site, ['--browse'], ({ url }) => fresh(async (page, tape, complaints) => {
      const answer = await page.goto(url);
      equal('200', answer.status(), 200);
      await picture(page, 'browse');
      const names = await page.locator('a').allTextContents();
      for (const name of ['letter.txt', hostile, '100% "sure" & more?#1.txt', 'd\u00e9j\u00e0 vu.html']) {
        check(`lists ${name}`, names.some((one) => one.trim() === name), names);
      }
      check('hides what is hidden', !names.some((name) => name.includes('hidden')), names);
      check('no script in a name runs', await page.title() !== '1' && await page.locator('img').count() === 0);
      for (const name of ['100% "sure" & more?#1.txt', hostile]) {
        const link = await page.getByText(name, { exact: true }).first().evaluate((text) => text.closest('a').href);
        equal(`the link to ${name} leads there`, (await page.request.get(link)).status(), 200);
      }
      await tape.take(page, ['/']);
      await page.reload();
      const same = await tape.take(page, ['/']);
      equal('reload', same['/'], 304);
      writeFileSync(join(site, 'another.txt'), 'x');
      await page.reload();
      equal('a file more: 200', (await tape.take(page, ['/']))['/'], 200);
      check('and it is listed', (await page.locator('a').allTextContents()).some((name) =>
        name.includes('another.txt')));
      await page.getByRole('link', { name: 'photos' }).click();
      await page.getByRole('link', { name: 'summer 2026' }).click();
      check('into folders', decodeURI(page.url()).endsWith('/photos/summer 2026/'), page.url());
      await picture(page, 'browse-folder');
      await page.goBack();
      check('and back', page.url().endsWith('/photos/'), page.url());
      equal('no complaints', complaints.filter((text) => !text.includes('favicon')
        && !text.includes('404')), []);
    }));
  });
}

// A page for what is not there: the site's own, or ours; and a single page for all paths.
async function strays() {
  await place(async (site) => {
    writeFileSync(join(site, 'index.html'), '<!doctype html><title>app</title><p>app</p>');
    await serve(site, [], ({ url }) => fresh(async (page) => {
      const answer = await page.goto(`${url}/none`);
      equal('404', answer.status(), 404);
      check('says so', (await page.locator('body').textContent()).includes('404'));
      await picture(page, '404');
      writeFileSync(join(site, '404.html'), '<!doctype html><title>lost</title><p>Lost?</p>');
      const own = await page.goto(`${url}/none/at/all`);
      equal('404.html', [own.status(), await page.title()], [404, 'lost']);
      const again = await page.reload();
      equal('404.html is no 304', again.status(), 404);
    }));
    await serve(site, ['--spa'], ({ url }) => fresh(async (page, tape) => {
      const answer = await page.goto(`${url}/users/7/edit`);
      equal('--spa', [answer.status(), await page.title()], [200, 'app']);
      await tape.take(page, ['/users/7/edit']);
      await page.reload();
      equal('--spa: reload', (await tape.take(page, ['/users/7/edit']))['/users/7/edit'], 304);
    }));
  });
}

// Sound, as browsers fetch media: in ranges, with leaps.
async function media() {
  const samples = 8000 * 600;
  const wave = Buffer.alloc(44 + samples, 128);
  wave.write('RIFF', 0);
  wave.writeUInt32LE(36 + samples, 4);
  wave.write('WAVEfmt ', 8);
  wave.writeUInt32LE(16, 16);
  wave.writeUInt16LE(1, 20);
  wave.writeUInt16LE(1, 22);
  wave.writeUInt32LE(8000, 24);
  wave.writeUInt32LE(8000, 28);
  wave.writeUInt16LE(1, 32);
  wave.writeUInt16LE(8, 34);
  wave.write('data', 36);
  wave.writeUInt32LE(samples, 40);
  await place(async (site) => {
    writeFileSync(join(site, 'sound.wav'), wave);
    writeFileSync(join(site, 'index.html'),
      '<!doctype html><title>t</title><audio id=a src=sound.wav preload=metadata></audio>');
    await serve(site, [], ({ url }) => fresh(async (page, tape) => {
      await page.goto(url);
      await page.waitForFunction(() => a.readyState >= 1, null, { timeout: DEADLINE });
      equal('length', await page.evaluate(() => Math.round(a.duration)), 600);
      await page.evaluate(() => new Promise((resolve) => {
        a.onseeked = resolve;
        a.currentTime = 555;
      }));
      equal('a leap to near the end', await page.evaluate(() => Math.round(a.currentTime)), 555);
      const answered = await eventually(() => tape.answers.filter(({ requestId }) =>
        tape.paths.get(requestId) === '/sound.wav').map(({ status }) => status));
      check('in ranges', answered.length > 0 && answered.every((status) => status === 206), answered);
    }));
  });
}

await run([revalidation, gateway, secure, without_validators, button, looks, immutable, browse, strays, media], async () => {
  await browser.close();
  if (existsSync(pictures)) console.log(`screenshots: ${pictures}`);
});
