/* widget.mjs: the chat button on a company's own web site, in Chromium: a site that http.embed names gets the script,
 * the frame and an answer; another one gets the button and an empty frame; the console is in no frame at all. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { demo, have, http, join, main, ok, root, skip, temp, until } from './lib.mjs';

const { chromium } = createRequire(join(root, 'ui/package.json'))('playwright-core');

/* A site of its own: one page with what it is given. */
async function site(body) {
  const server = createServer((_, r) => r.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><h1>Shop</h1>${body()}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function headers(s, shop) {
  const csp = async (path) => (await http(s, 'GET', path)).headers.get('content-security-policy') ?? '';
  ok((await csp('/chat')).endsWith(`frame-ancestors 'self' ${shop.url}`), '/chat may be framed by the site named', await csp('/chat'));
  ok((await csp('/')).endsWith("frame-ancestors 'self'"), 'the console by nobody else', await csp('/'));
}

/* The frame of the chat on that page once the button was pressed. */
async function open(page, url) {
  await page.goto(url);
  const button = page.getByRole('button', { name: 'Open chat' });
  await button.waitFor({ timeout: 15000 });
  await button.click();
  return page.frameLocator('#callm-widget iframe');
}

async function served(page, shop) {
  const chat = await open(page, shop.url);
  const box = chat.getByRole('textbox');
  await box.waitFor({ timeout: 20000 });
  await until('the greeting', async () => /welcome to Harbour Home/i.test(await chat.locator('body').innerText()), 20000);
  await box.fill('When are the stores open?');
  await box.press('Enter');
  await until('the answer', async () => /stores/i.test((await chat.locator('body').innerText()).split('When are the stores open?')[1] ?? ''), 20000);
  ok(true, 'on the site that is named the widget opens, greets and answers');
}

async function refused(page, other) {
  await open(page, other.url);
  await until('the browser to refuse the frame', () => page.frames().some((f) => f.url().startsWith('chrome-error:')), 15000);
  ok(true, 'another site gets no chat in its frame');
}

await main(async () => {
  if (!have(process.env.CHROMIUM ?? 'chromium')) skip('the widget', 'no Chromium');
  let s;
  const shop = await site(() => `<script src="${s.url}/widget.js" defer data-lang="en"></script>`);
  const other = await site(() => `<script src="${s.url}/widget.js" defer data-lang="en"></script>`);
  const file = join(temp, 'embed.yaml');
  writeFileSync(file, `http:\n  embed:\n    - ${shop.url}\n`);
  s = await demo({ args: ['--config', file] });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    await headers(s, shop);
    const page = await browser.newPage();
    await served(page, shop);
    await refused(page, other);
  } finally {
    await browser.close();
    shop.close();
    other.close();
  }
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
});
