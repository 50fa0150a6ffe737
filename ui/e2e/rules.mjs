/* A supervisor reads the table of returns, tries it with facts and sees the rule that decides, checks all of it,
 * breaks the text, mends it, publishes a change and takes it back; looks at a flow; labels what customers said and
 * sees where it was heard wrong. */
import { accessible, api, assert, base, login, password, picture, scenario, signIn, until } from './lib.mjs';

const text = (page, sel) => page.locator(sel).first().innerText();
const count = (page, sel) => page.locator(sel).count();
const blur = (page) => page.evaluate(() => document.activeElement?.blur());
const keys = async (page, ...all) => {
  for (const k of all) await page.keyboard.press(k);
};

async function table(page) {
  await keys(page, 'g', 'r');
  await page.waitForSelector('[data-test=doc]');
  await accessible(page, 'the rules');
  await page.locator('[data-test=doc] a', { hasText: /^Returns/ }).first().click();
  await page.waitForSelector('[data-test=grid]');
  const rules = await count(page, '[data-test=grid] tbody tr');
  assert.ok(rules >= 3, `${rules} rules`);
  await page.waitForSelector('[data-test=doc-text]');
  await accessible(page, 'a table');
  await page.click('[data-test=try-run]');
  await page.waitForSelector('[data-test=decision]');
  for (const x of await page.locator('[data-test^=fact-]').all()) {
    if ((await x.evaluate((e) => e.tagName)) === 'SELECT') await x.selectOption({ index: 1 });
    else await x.fill('3');
  }
  await page.click('[data-test=try-run]');
  await page.waitForSelector('[data-test=hit]');
  assert.equal(await page.locator('[data-test=hit]').getAttribute('data-rule'),
    await page.locator('[data-test=decision]').getAttribute('data-rule'), 'the rule that decides is marked');
  await page.click('[data-test=check-run]');
  await page.waitForSelector('[data-test=conform-result][data-good=true]');
  await picture(page, 'rules_table');
}

async function edit(page) {
  const box = page.locator('[data-test=doc-text]');
  const before = await box.inputValue();
  await blur(page);
  await keys(page, 'e');
  await box.fill(before.replace(/^inputs:/m, 'inputz:'));
  await box.press('Control+s');
  await page.waitForSelector('[data-test=issues] button');
  await box.fill(`${before}\n# looked at in autumn\n`);
  await page.fill('[data-test=doc-note]', 'A remark');
  await box.press('Control+s');
  await page.waitForSelector('[data-test=done]');
  await until('no faults any more', async () => (await count(page, '[data-test=issues]')) === 0);
  await page.click('[data-test=doc-diff]');
  assert.match(await text(page, '[data-test=diff] .added'), /looked at in autumn|^\+\s*$/);
  await page.click('[data-test=doc-publish]');
  await until('in use', async () => /in use/.test(await text(page, '[data-test=done]')));
  await page.click('[data-test=versions] summary');
  assert.match(await text(page, '[data-test=versions]'), /A remark/);
  await page.click('[data-test=rollback-1]');
  await until('as it was', async () => (await box.inputValue()) === before);
}

async function flow(page) {
  await page.goto(`${base}/#/rules/flows`);
  await page.waitForSelector('[data-test=doc]');
  await page.locator('[data-test=doc] a').first().click();
  await page.waitForSelector('[data-test=flow-picture]');
  assert.ok((await count(page, '[data-test=step]')) >= 3, 'the flow is drawn');
  await page.click('[data-test=flow-start]');
  await page.waitForSelector('[data-test=try-line]');
  await page.waitForSelector('[data-test=step-now]');
  await page.fill('[data-test=flow-say]', 'HH2026-100384');
  await page.press('[data-test=flow-say]', 'Enter');
  await until('the customer is heard', async () => (await count(page, '.trychat .customer')) === 1);
  await accessible(page, 'a flow');
  await picture(page, 'rules_flow');
}

/* Three turns, as customers write them. */
async function customer(token) {
  const c = await api('/api/v1/conversations', token, {
    method: 'POST', body: JSON.stringify({ channel: 'webchat', language: 'en' }),
  });
  for (const said of ['Where is my order?', 'I want to return my sofa', 'My lamp flickers all night'])
    await api(`/api/v1/conversations/${c.id}/messages`, c.token, { method: 'POST', body: JSON.stringify({ text: said }) });
}

async function training(page) {
  await blur(page);
  await keys(page, 'g', 'i');
  await until('three turns', async () => (await count(page, '[data-test=turn]')) >= 3);
  await keys(page, 'y', 'y');
  await until('two labels', async () => (await count(page, '[data-test=turn-label]')) === 2);
  await keys(page, 'm');
  await page.keyboard.type('delivery_time');
  await page.keyboard.press('Enter');
  await until('three labels', async () => (await count(page, '[data-test=turn-label]')) === 3);
  await page.waitForSelector('[data-test=cell]');
  await accessible(page, 'training');
  await picture(page, 'training');
  const wrong = page.locator('.wrong-cell').first();
  await wrong.click();
  await until('the turns of the cell', async () => (await count(page, '[data-test=turn]')) === 1);
  const download = page.waitForEvent('download');
  await page.click('[data-test=download]');
  const file = await (await download).createReadStream();
  let rows = '';
  for await (const part of file) rows += part;
  assert.match(rows, /^delivery_time\t/m);
}

await scenario('rules', async (open) => {
  const { token } = await (await fetch(`${base}/api/v1/auth/login`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password }),
  })).json();
  await customer(token);
  const page = await open({ size: [1400, 950] });
  await signIn(page);
  await table(page);
  await edit(page);
  await flow(page);
  await training(page);
  await page.click('[data-test=lang]');
  await until('Chinese', async () => (await text(page, 'h1')) === '训练');
});
