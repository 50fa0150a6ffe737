/* What the browser scenarios share. Any server can be tested:
 *
 *   CALLM_URL=http://127.0.0.1:8080 CALLM_PASSWORD=... node e2e/chat_en.mjs
 *
 * CALLM_LOGIN (default admin), CHROMIUM (default /usr/bin/chromium),
 * CALLM_SHOTS=DIR keeps a screenshot of how each page ended. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export { assert };
export const base = (process.env.CALLM_URL ?? 'http://127.0.0.1:8090').replace(/\/$/, '');
export const login = process.env.CALLM_LOGIN ?? 'admin';
export const password = process.env.CALLM_PASSWORD ?? 'demo';

const LIMIT_MS = 58000;
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

/* From each key or click to the next picture, in ms, as the browser's Event Timing tells it (steps of 8 ms, from 16 on). */
async function interactions(context) {
  const shown = [];
  await context.exposeBinding('callmShown', (_, ms) => void shown.push(ms));
  await context.addInitScript(() =>
    new PerformanceObserver((l) => {
      for (const e of l.getEntries()) if (e.interactionId) window.callmShown(e.duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true }));
  return shown;
}

/* A page that fails the scenario on script errors and on CSP violations. */
export async function newPage(browser, { lang = 'en', theme = 'light', size = [1280, 800] } = {}) {
  const context = await browser.newContext({
    viewport: { width: size[0], height: size[1] },
    colorScheme: theme,
    locale: lang === 'zh' ? 'zh-CN' : 'en-US',
    permissions: ['microphone'],
  });
  const page = await context.newPage();
  page.problems = [];
  page.shown = await interactions(context);
  page.on('pageerror', (e) => page.problems.push(`script error: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' && /Content Security Policy|Refused to/i.test(m.text()))
      page.problems.push(m.text());
  });
  page.setDefaultTimeout(15000);
  return page;
}

/* Lets a scenario cut the page's WebSocket and refuse new ones for a while. */
export async function breakable(page, path) {
  const state = { down: false, open: new Set() };
  await page.routeWebSocket(path, (ws) => {
    if (state.down) {
      ws.close();
      return;
    }
    ws.connectToServer();
    state.open.add(ws);
  });
  state.cut = async () => {
    state.down = true;
    for (const ws of state.open) await ws.close().catch(() => undefined);
    state.open.clear();
  };
  state.mend = () => (state.down = false);
  return state;
}

export async function api(path, token, init = {}) {
  const r = await fetch(base + path, {
    ...init,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  });
  assert.ok(r.ok, `${path}: HTTP ${r.status}`);
  return r.json();
}

/* Polls until fn gives something truthy. */
export async function until(what, fn, ms = 15000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await fn();
    if (got) return got;
    if (Date.now() > end) assert.fail(`gave up waiting: ${what}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}

export const texts = (page, sel) => page.locator(sel).allInnerTexts();

export async function scenario(name, run, extraArgs = [], limit_ms = LIMIT_MS) {
  const t0 = Date.now();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...ARGS, ...extraArgs],
  });
  const timer = setTimeout(() => {
    console.error(`not ok ${name}: took longer than ${limit_ms} ms`);
    process.exit(1);
  }, limit_ms);
  const pages = [];
  const open = async (o) => {
    const p = await newPage(browser, o);
    pages.push(p);
    return p;
  };
  try {
    await run(open);
    for (const p of pages) assert.deepEqual(p.problems, [], 'problems on the page');
    const shown = pages.flatMap((p) => p.shown).sort((a, b) => a - b);
    const seen = shown.length ? `; ${shown.length} events of 16 ms and more to the next picture, p95 ${shown[Math.floor(shown.length * 0.95)]}, most ${shown.at(-1)} ms` : '';
    console.log(`ok ${name} (${Date.now() - t0} ms)${seen}`);
  } catch (e) {
    console.error(`not ok ${name}: ${e.stack}`);
    process.exitCode = 1;
  }
  const dir = process.env.CALLM_SHOTS;
  if (dir)
    for (const [n, p] of pages.entries())
      await p.screenshot({ path: join(dir, `${name}-${n}.png`) }).catch(() => undefined);
  clearTimeout(timer);
  await browser.close();
}

/* What an accessibility check finds on the page as it is (axe-core, WCAG 2.2 A and AA). */
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export async function accessible(page, what) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const r = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    });
    return r.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).slice(0, 4).join(', ')})`);
  });
  assert.deepEqual(found, [], `accessibility of ${what}`);
}

export async function signIn(page, who = login) {
  await page.goto(`${base}/`);
  await page.fill('[name=login]', who);
  await page.fill('[name=password]', password);
  await page.click('[data-test=sign-in]');
  await page.waitForSelector('[data-test=link][data-state=open]');
}

/* A picture of the page when CALLM_SHOTS asks for pictures. */
export async function picture(page, name) {
  const dir = process.env.CALLM_SHOTS;
  if (dir) await page.screenshot({ path: join(dir, `${name}.png`) });
}
