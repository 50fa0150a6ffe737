/* The customer's chat in one language, on a phone: greeting, answer with its
 * source, ticks, reload, a broken line with an outbox, input methods. */
import { api, assert, base, breakable, picture, scenario, texts, until } from './lib.mjs';

const CJK = /[\u4e00-\u9fff]/;

const saved = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('callm.chat')));

/* Enter while an input method composes must not send; after it, it must. */
async function composing(page, text) {
  await page.focus('[data-test=input]');
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Input.imeSetComposition', {
    text: text.slice(0, 2),
    selectionStart: 2,
    selectionEnd: 2,
  });
  await page.evaluate(() => {
    const el = document.querySelector('[data-test=input]');
    const o = { key: 'Enter', bubbles: true, cancelable: true };
    el.dispatchEvent(new KeyboardEvent('keydown', { ...o, isComposing: true }));
    el.dispatchEvent(new KeyboardEvent('keydown', { ...o, keyCode: 229 }));
  });
  assert.equal(await page.locator('.msg.me').count(), 0, 'Enter sent during composition');
  await cdp.send('Input.insertText', { text });
}

export const chatScenario = (lang, question, second) =>
  scenario(`chat_${lang}`, async (open) => {
    const page = await open({ lang, size: [390, 800] });
    const wire = await breakable(page, /\/ws\/chat/);
    await page.goto(`${base}/chat`);
    await page.waitForSelector('[data-test=reply]'); // the greeting, as a row of the conversation
    await until('the session', async () => (await saved(page))?.session?.token);
    const hello = (await texts(page, '.msg.bot .bub'))[0];
    assert.equal(CJK.test(hello), lang === 'zh', `greeting is not in ${lang}: ${hello}`);
    const greeted = await page.locator('[data-test=reply]').count();

    await composing(page, question);
    await page.press('[data-test=input]', 'Enter');
    await page.waitForSelector('[data-test=mine] [data-state=stored]');
    const answer = page.locator('[data-test=reply]').nth(greeted);
    await answer.waitFor();
    const said = await answer.locator('.bub').innerText();
    assert.ok([...said].length >= 8, `answer too short: ${said}`);
    assert.equal(CJK.test(said), lang === 'zh', `answer is not in ${lang}: ${said}`);
    assert.equal(await page.locator('[data-test=draft]').count(), 0, 'a draft is left over');

    await page.locator('[data-test=source]').first().click();
    const whole = page.locator('[data-test=whole]').first(); // fetched when it is opened
    await whole.waitFor();
    const text = await whole.innerText();
    const quote = await whole.locator('mark').first().innerText();
    assert.ok(quote.length >= 4 && text.length > quote.length + 40, `the source is not the whole article: ${text}`);
    const box = await whole.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390, 'the article is wider than the page');
    await picture(page, `chat_source_${lang}`);
    await whole.focus();
    await page.keyboard.press('Escape');
    await until('the article is closed', async () => (await page.locator('[data-test=whole]').count()) === 0);
    assert.equal(await page.evaluate(() => document.activeElement?.dataset.test), 'source', 'the focus is back');
    await page.keyboard.press('Enter');
    await whole.waitFor();

    const s = await saved(page);
    const log = await api(`/api/v1/conversations/${s.session.id}/events?after=0`, s.session.token);
    const logged = log.items.filter((e) => e.kind === 'turn.bot').map((e) => e.body.text);
    assert.ok(logged.includes(said), 'the answer on screen is not the one in the log');

    await answer.locator('[data-test=thumb-up]').click();
    await until('the thumb', async () => (await answer.locator('[data-test=thumb-up]').getAttribute('aria-pressed')) === 'true');

    const before = await texts(page, '.msg .bub');
    await page.reload();
    await page.waitForSelector('[data-test=mine]');
    await until('the link after a reload', () => page.locator('.dot.on').count());
    await page.waitForTimeout(500);
    assert.deepEqual(await texts(page, '.msg .bub'), before, 'a reload changed the chat');
    assert.equal(await answer.locator('[data-test=thumb-up]').getAttribute('aria-pressed'), 'true', 'the thumb is kept');
    const rated = await api(`/api/v1/conversations/${s.session.id}/events?after=0`, s.session.token);
    assert.equal(rated.items.filter((e) => e.kind === 'feedback').length, 1, 'the thumb of a page that was left at once is noted');

    await wire.cut();
    await page.fill('[data-test=input]', second);
    await page.press('[data-test=input]', 'Enter');
    await page.waitForSelector('[data-test=offline]');
    await page.waitForSelector('[data-test=pending][data-state=queued]');
    wire.mend();
    await page.waitForSelector('[data-test=pending]', { state: 'detached', timeout: 25000 });
    await until('the second answer', async () =>
      (await page.locator('[data-test=reply]').count()) >= greeted + 2);
    const mine = (await texts(page, '[data-test=mine] .bub')).filter((x) => x === second);
    assert.equal(mine.length, 1, 'the queued message appears once');
    const end = await saved(page);
    const all = await api(`/api/v1/conversations/${end.session.id}/events?after=0`, end.session.token);
    const sent = all.items.filter((e) => e.kind === 'turn.customer');
    assert.equal(sent.length, 2, 'the log has each message once');
  });
