/* An agent's day by keys alone: ready, an offer rings, it is accepted, read, answered with a suggestion and a prepared
 * answer, noted, held, consulted about, ended and wrapped up; no mouse. Then the same screens in Chinese, dark, on a
 * tablet and at 200 %. Against the stand-in server, whose customers come by themselves: a chat, another, a call. */
import { accessible, assert, base, breakable, picture, scenario, signIn, texts, until } from './lib.mjs';

const sel = (name) => `[data-test=${name}]`;
const text = (page, s) => page.locator(s).first().innerText();

async function offer(page) {
  await page.waitForSelector(`${sel('offer')} ${sel('accept')}`);
  assert.ok(Number(await page.getAttribute(sel('sound'), 'data-rings')) > 0, 'it rings');
  assert.equal(await text(page, sel('offers')), '1', 'the navigation tells it');
}

/* From the next press until what it sends is on the screen, as the page itself has it. */
const watchTime = (page) => page.evaluate(() => {
  window.seen = new Promise((done) => {
    addEventListener('keydown', () => {
      const t0 = performance.now();
      const look = new MutationObserver(() => {
        if (!document.querySelector('[data-test=pending], [data-test=turn-agent]')) return;
        look.disconnect();
        requestAnimationFrame(() => done(performance.now() - t0));
      });
      look.observe(document.body, { childList: true, subtree: true });
    }, { once: true, capture: true });
  });
});

async function chat(page) {
  await page.keyboard.press('a');
  await page.waitForSelector(sel('suggestion'));
  assert.equal(await page.locator(sel('before')).count(), 1);
  assert.match(await text(page, sel('packet')), /HH2026-100101/);
  await page.waitForSelector(sel('partial'));
  await until('the customer\'s words', async () => (await page.locator(`${sel('turn-customer')}:visible`).count()) === 1);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-test')), 'say', 'one can write at once');
  await accessible(page, 'the desk');
  await picture(page, 'desk');
  await page.keyboard.press('Alt+1');
  assert.match(await page.inputValue(sel('say')), /30/);
  await watchTime(page);
  await page.keyboard.press('Enter');
  const ms = await page.evaluate(() => window.seen);
  await until('it arrived', async () => (await page.locator(sel('turn-agent')).count()) === 1 && (await page.locator(sel('pending')).count()) === 0);
  await page.keyboard.type('/bye');
  await until('a prepared answer', async () => /Closing|结束|Thank|感谢/.test((await texts(page, `${sel('canned')} li`)).join()));
  await accessible(page, 'prepared answers');
  await page.keyboard.press('Enter');
  assert.match(await page.inputValue(sel('say')), /goodbye|再见/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.keyboard.type('Saw the photos.');
  await page.keyboard.press('Enter');
  await until('the note', async () => (await page.locator(sel('private-note')).count()) === 1);
  return ms;
}

/* What was said while the line was down goes when it is back; once. */
async function broken(page, wire) {
  await wire.cut();
  await page.keyboard.press('Escape');
  await page.keyboard.press('i');
  await page.keyboard.type('Said without a line.');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${sel('pending')}[data-state=sent]`);
  wire.mend();
  await until('it went', async () => (await texts(page, `${sel('turn-agent')} .said`)).filter((x) => x === 'Said without a line.').length === 1, 20000);
}

async function wrapUp(page) {
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  await page.waitForSelector(sel('end-go'));
  await page.keyboard.press('Enter');
  await page.waitForSelector(sel('wrapup'));
  await until('it is prefilled', async () => /lamp/.test(await page.inputValue(sel('summary'))));
  assert.equal(await page.inputValue(sel('disposition')), 'return');
  await accessible(page, 'the wrap-up');
  await picture(page, 'desk_wrapup');
  await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  await page.keyboard.type(' Done.');
  await page.keyboard.press('Control+Enter');
  await until('nothing is left', async () => (await page.locator(sel('work')).count()) === 0);
}

async function call(page) {
  await page.keyboard.press('a');
  await page.waitForSelector(sel('do-mute'));
  await page.waitForSelector(`${sel('turn-customer')}:visible`);
  await page.keyboard.press('u');
  await until('muted', async () => (await page.getAttribute(sel('do-mute'), 'aria-pressed')) === 'true');
  await page.keyboard.press('c');
  await page.waitForSelector(sel('where'));
  await page.keyboard.type('tom');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${sel('party')}[data-step=joined]`);
  await accessible(page, 'a call with two');
  await picture(page, 'desk_call');
  await page.keyboard.press('m');
  await until('all together', async () => /talks|通话/.test(await text(page, sel('party'))));
  await page.keyboard.press('d');
  await page.waitForSelector(sel('panel-keypad'));
  await page.keyboard.press('5');
  await until('the key', async () => /5/.test(await text(page, `${sel('panel-keypad')} output`)));
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  await page.waitForSelector(sel('where'));
  await accessible(page, 'a transfer');
  await page.keyboard.press('Escape');
}

async function sizes(page) {
  await page.click(sel('theme'));
  for (const [name, width, height] of [['tablet', 768, 1024], ['zoom', 640, 440]]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
    await accessible(page, name);
    await picture(page, `desk_${name}`);
  }
  await page.setViewportSize({ width: 1400, height: 880 });
}

await scenario('desk_keys', async (open) => {
  const page = await open({ size: [1400, 880] });
  const wire = await breakable(page, /\/ws\/agent/);
  await signIn(page);
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await page.waitForSelector(`${sel('desk')}[data-link=open]`);
  await page.keyboard.press('s');
  await offer(page);
  await accessible(page, 'an offer');
  await picture(page, 'desk_offer');
  const ms = await chat(page);
  console.log(`a press is seen after ${Math.round(ms)} ms`);
  await broken(page, wire);
  await wrapUp(page);
  await offer(page);
  const first = await page.getAttribute(sel('offer'), 'data-id');
  await page.keyboard.press('x');
  await until('the next one', async () => (await page.locator(sel('offer')).count()) === 1 && (await page.getAttribute(sel('offer'), 'data-id')) !== first);
  await call(page);
  await sizes(page);
  await page.click(sel('lang'));
  await accessible(page, 'the desk in Chinese');
  await page.locator(sel('script')).click();
  await page.keyboard.press('?');
  assert.match(await text(page, sel('help')), /交回机器人/);
  await accessible(page, 'the keys');
});
