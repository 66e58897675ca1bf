#!/usr/bin/env node
// audit_page.mjs [TEST...]: the page that stet audit writes, in Debian's Chromium
//
// Narrow and wide, light and dark; a server that says hostile things in its fields must not get a
// word of script, style or markup into it. Screenshots are left for people to look at.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { check, equal, place, program, root, run, serve } from './server.mjs';

const client = join(dirname(program), 'stet-client');
const results = join(root, 'build/results');
const pictures = existsSync(results) ? join(results, 'screenshots')
  : mkdtempSync(join(tmpdir(), 'stet-screenshots-'));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: process.getuid() !== 0,
  args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

// What servers may say to break out of a page.
const HOSTILE = ['"]]>', '</script><script>document.title="broken"</script>',
  '<img src=x onerror=document.title="broken">', '\' onmouseover=x style=position:fixed', '&lt;&#0;',
  '\x1b[2J\x07\x01', '\xff\xfe', '</pre></details></main>', '\xe2\x80\xae'];

// Calls use(url) with a server that says it in its fields and takes other things back.
async function hostile(use) {
  let turn = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    let kept = '';
    socket.on('data', (bytes) => {
      kept += bytes.toString('latin1');
      for (let end; (end = kept.indexOf('\r\n\r\n')) >= 0; kept = kept.slice(end + 4)) {
        const conditional = /^if-none-match/im.test(kept.slice(0, end));
        const word = HOSTILE[turn++ % HOSTILE.length];
        const tag = `ETag: "${word.replaceAll('"', '')}"\r\n`;
        socket.write(Buffer.from(conditional && turn % 2
          ? `HTTP/1.1 304 Not Modified\r\n${tag}\r\n`
          : `HTTP/1.1 200 OK\r\n${tag}Cache-Control: public, max-age=60, x="${word}"\r\n`
            + `Content-Type: text/html; x=${word}\r\nSet-Cookie: a=${word}\r\n`
            + `Server: ${HOSTILE[1]}\r\nX-Powered-By: ${HOSTILE[7]}\r\n`
            + `Content-Length: 5\r\n\r\n${String(turn).padStart(5)}`, 'latin1'));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
  }
}

// Runs the audit to its end; its exit status.
async function audit(...words) {
  const child = spawn(client, ['audit', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (bytes) => { said += bytes; });
  child.stderr.on('data', (bytes) => { said += bytes; });
  const [status] = await once(child, 'close');
  check('no complaint of a sanitizer', !/Sanitizer|runtime error:/.test(said), said.slice(0, 2000));
  return status;
}

// Opens a page and calls look(page), then checks what all pages must be.
async function opened(file, settings, look) {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  const complaints = [];
  const fetched = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('request', (request) => fetched.push(request.url()));
  try {
    await page.goto(pathToFileURL(file).href);
    await look(page);
    equal('nothing is fetched', fetched, [pathToFileURL(file).href]);
    equal('no complaints', complaints, []);
    check('it does not scroll sideways', await page.evaluate(() =>
      document.documentElement.scrollWidth <= innerWidth));
  } finally {
    await context.close();
  }
}

async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

const LOOKS = [
  ['wide', { viewport: { width: 1400, height: 900 }, colorScheme: 'light' }],
  ['wide-dark', { viewport: { width: 1400, height: 900 }, colorScheme: 'dark' }],
  ['narrow', { viewport: { width: 400, height: 800 }, colorScheme: 'light' }],
  ['narrow-dark', { viewport: { width: 400, height: 800 }, colorScheme: 'dark' }],
];

// The contrast of what is written, by WCAG; the least of all texts on the page.
const contrast = (page) => page.evaluate(() => {
  const read = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255).map((part) =>
    (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = read(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const node of document.querySelectorAll('main *')) {
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
    const [a, b] = [light(read(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    least = Math.min(least, (a + 0.05) / (b + 0.05));
  }
  return least;
});

// A page of clean and hostile resources.
async function written(use) {
  await place(async (folder) => {
    const site = join(folder, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'index.html'), '<!doctype html><title>t</title><p>a page</p>'.repeat(50));
    writeFileSync(join(site, 'app.4f3c9a1b.js'), 'console.log("let it stand");\n'.repeat(200));
    await serve(site, [], ({ url }) => hostile(async (other) => {
      const file = join(folder, 'report.html');
      const log = join(folder, 'access.log');
      writeFileSync(log, `1.2.3.4 - - [t] "GET /x HTTP/1.1" 200 20000 "-" "-"\n`.repeat(40));
      const status = await audit(`${url}/`, `${url}/app.4f3c9a1b.js`, `${other}/a/${'long-'.repeat(40)}?q=1`,
        `--log=${log}`, `--base=${other}`, '--budget', `--html=${file}`);
      equal('findings', status, 1);
      await use(file, { url, other });
    }));
  });
}

// Every look: no sideways scrolling, enough contrast, everything unfolds.
async function looks() {
  await written(async (file) => {
    for (const [name, settings] of LOOKS) {
      await opened(file, settings, async (page) => {
        await picture(page, `audit-${name}`);
        await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
        await picture(page, `audit-${name}-unfolded`);
        const least = await contrast(page);
        check(`${name}: contrast`, least >= 4.5, least);
        const wide = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((node) =>
          !node.closest('pre') && node.getBoundingClientRect().right > innerWidth + 1).map((node) =>
          node.outerHTML.slice(0, 100)));
        equal(`${name}: nothing sticks out`, wide, []);
      });
    }
  });
}

// The parts are there, links lead to them, and findings unfold by a click and by the keyboard.
async function parts() {
  await written((file, { url }) => opened(file, LOOKS[0][1], async (page) => {
    equal('URLs in the list', await page.locator('.urls li').count(), 4);
    equal('and as parts', await page.locator('article').count(), 4);
    await page.getByRole('link', { name: `${url}/app.4f3c9a1b.js` }).click();
    check('a link leads to its part', await page.evaluate(() => location.hash === '#u2'
      && document.querySelector('#u2').getBoundingClientRect().top < innerHeight));
    const folded = page.locator('#u2 details:not([open]) summary').first();
    const finding = await folded.evaluateHandle((summary) => summary.parentElement);
    await folded.click();
    check('a click unfolds', await finding.evaluate((details) => details.open));
    await finding.evaluate((details) => details.querySelector('summary').focus());
    await page.keyboard.press('Enter');
    check('a key folds', await finding.evaluate((details) => !details.open));
    const laws = await page.locator('a[href^="https://www.rfc-editor.org/rfc/rfc"]').count();
    check('the law is linked', laws > 4, laws);
    check('the budget is there', /would save/.test(await page.locator('main').textContent()));
  }));
}

// Nothing of what the server said is anything but text.
async function nothing_breaks_out() {
  await written((file) => opened(file, LOOKS[0][1], async (page) => {
    check('the title is ours', /^Does it revalidate/.test(await page.title()), await page.title());
    equal('no element of theirs', await page.locator('script, img, iframe, svg, form').count(), 0);
    const attributes = await page.evaluate(() => [...document.querySelectorAll('*')].flatMap((node) =>
      [...node.attributes].map(({ name }) => name)).filter((name) => name.startsWith('on')));
    equal('no handlers', attributes, []);
    const styles = await page.evaluate(() => [...document.querySelectorAll('[style]')].map((node) =>
      node.getAttribute('style')).filter((style) => !/^width:[\d.]+%$/.test(style)));
    equal('no style of theirs', styles, []);
    const text = await page.locator('main').textContent();
    for (const word of ['<script>document.title="broken"</script>', '<img src=x onerror=',
      '</pre></details></main>']) check(`${word} is text`, text.includes(word));
    const octets = readFileSync(file);
    equal('no control octets', octets.filter((octet) => octet < 0x20 && octet !== 10 && octet !== 9).length, 0);
    check('UTF-8', Buffer.compare(Buffer.from(octets.toString('utf8')), octets) === 0);
    equal('the end is where it belongs', octets.toString('utf8').split('</main>').length, 2);
  }));
}

// Three visits by a browser that keeps what it got: after the first one the server says 304, which the
// archive shows as 200 with nothing that crossed the wire.
async function archive() {
  await place((folder) => serve(join(root, 'site'), [], async (server) => {
    const har = join(folder, 'visits.har');
    const context = await browser.newContext({ recordHar: { path: har } });
    const page = await context.newPage();
    for (const where of ['/', 'about:blank', '/'])
      await page.goto(where === '/' ? `${server.url}/` : where, { waitUntil: 'networkidle' });
    await page.reload({ waitUntil: 'networkidle' });
    await context.close();
    const statuses = JSON.parse(readFileSync(har)).log.entries.map((entry) => entry.response.status);
    check('the archive shows some of them as 200', statuses.filter((status) => status === 200).length
      > new Set(JSON.parse(readFileSync(har)).log.entries.map((entry) => entry.request.url)).size);
    const out = join(folder, 'report');
    await audit(`--har=${har}`, '--urls=20', '--budget', `--sarif=${out}.sarif`, `--html=${out}.html`);
    const page2 = readFileSync(`${out}.html`, 'utf8');
    const budget = /Of what was read, (\d+) requests were for these URLs: (\d+) were answered 304, (\d+) sent again/
      .exec(page2) ?? [];
    check('requests', Number(budget[1]) >= 15, budget);
    check('nearly all but the first visit were 304', Number(budget[2]) >= 9, budget);
    check('nothing was sent again', Number(budget[3]) === 0, budget);
  }));
}

await run([looks, parts, nothing_breaks_out, archive], async () => {
  await browser.close();
  if (existsSync(pictures)) console.log(`screenshots: ${pictures}`);
});
