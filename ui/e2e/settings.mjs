/* An administrator adds a skill, a queue and an agent, sends documents from the browser and reads what became of each;
 * a customer presses one of the titles the bot offers, wants a person, and is taken over from the conversation's page. */
import { accessible, assert, base, picture, scenario, signIn, texts, until } from './lib.mjs';

const sel = (name) => `[data-test="${name}"]`;

async function fill(page, what, values) {
  await page.click(sel(`${what}-new`));
  for (const [field, value] of Object.entries(values)) await page.fill(sel(`${what}-${field}`), value);
  await page.click(sel(`${what}-save`));
}

async function things(page) {
  await page.goto(`${base}/#/settings/skills`);
  await fill(page, 'skill', { id: 'garden', zh: '园艺', en: 'Gardening' });
  await page.waitForSelector('td:has-text("Gardening")');
  await page.goto(`${base}/#/settings`);
  await fill(page, 'queue', { id: 'general', zh: '园艺', en: 'Garden' });
  await page.waitForSelector(`${sel('queue-form')} [role=alert]`); // there is one: it stays as it was
  await page.fill(sel('queue-id'), 'garden');
  await page.click(sel('queue-save'));
  await page.waitForSelector(sel('setting-page'));
  await until('its page', async () => (await page.inputValue(sel('f-title.en'))) === 'Garden');
  assert.equal(await page.inputValue(sel('f-away_s')), '300');
}

async function people(page) {
  await page.goto(`${base}/#/settings/users`);
  await page.fill(sel('user-login'), 'anna');
  await page.fill(sel('user-password'), 'short');
  await page.waitForSelector(sel('user-rule')); // why the button stays grey
  await page.fill(sel('user-password'), 'correct-horse-battery');
  await page.click(sel('user-save'));
  await page.click(`${sel('agent-next')} a`);
  await page.waitForSelector(`${sel('seat-general')}[aria-pressed=true]`); // by default
  await page.click(sel('seat-garden'));
  await page.fill(sel('skill-garden'), '5');
  await page.click(sel('setting-save'));
  await until('it is kept', async () => (await page.locator(sel('setting-save')).isDisabled()) && (await page.inputValue(sel('skill-garden'))) === '5');
  await page.goto(`${base}/#/settings/audit?what=queue.write`);
  await until('it in words', async () => (await texts(page, sel('audit-row'))).some((r) => /changed queues or skills/.test(r)));
}

async function documents(page) {
  const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.goto(`${base}/#/kb/sources`);
  await page.click(sel('upload-open'));
  await page.setInputFiles(sel('upload-file'), [
    file('roof-box.md', '# Do you rent out roof boxes?\n\nYes, for 3 days at most.\n'), file('empty.md', ''),
    file('broken.pdf', 'no pdf'),
  ]);
  await until('the report', async () => (await page.locator(`${sel('upload-report')} ${sel('source-doc')}`).count()) === 2, 25000);
  const said = await texts(page, `${sel('upload-report')} ${sel('source-doc')}`);
  assert.ok(said.some((x) => /roof-box\.md/.test(x) && /articles: 1/.test(x)) && said.some((x) => /broken\.pdf/.test(x) && /damaged/.test(x)), said.join('\n'));
  assert.equal(await page.locator(`${sel('upload-row')}[data-state=error]`).count(), 1, 'the empty one');
  await accessible(page, 'documents that were sent');
  await picture(page, 'upload');
  await page.setInputFiles(sel('upload-file'), [file('roof-box.md', '# Do you rent out roof boxes?\n\nYes, for 5 days at most.\n')]);
  await until('the next version', async () => (await page.locator(sel('upload-replaced')).count()) === 1);
  await until('read anew', async () => (await page.locator(`${sel('upload-report')} ${sel('source-doc')}`).count()) === 2, 25000);
  await takeBack(page);
}

/* One by its button, refused and then agreed to; the other by keys. */
async function takeBack(page) {
  await page.click(`${sel('upload')} [role=status] a`);
  const doc = (name) => page.locator(sel('source-doc')).filter({ hasText: name });
  await doc('roof-box.md').locator(sel('doc-remove')).waitFor();
  page.once('dialog', (d) => void d.dismiss());
  await doc('roof-box.md').locator(sel('doc-remove')).click();
  assert.equal(await doc('roof-box.md').getAttribute('data-state'), 'ok');
  let asked = '';
  page.on('dialog', (d) => {
    asked = d.message();
    void d.accept();
  });
  await doc('roof-box.md').locator(sel('doc-remove')).click();
  await until('it is gone', async () => (await doc('roof-box.md').getAttribute('data-state')) === 'gone');
  assert.match(asked, /roof-box\.md/);
  assert.equal(await doc('roof-box.md').locator(sel('doc-remove')).count(), 0);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await until('the other, too', async () => (await doc('broken.pdf').getAttribute('data-state')) === 'gone');
  assert.match(asked, /broken\.pdf/);
  page.removeAllListeners('dialog');
  await accessible(page, 'documents that were taken back');
  await picture(page, 'upload_removed');
  await page.goto(`${base}/#/settings/audit?what=source.removed_document`);
  await until('in words', async () => (await texts(page, sel('audit-row'))).some((r) => /took a document back[^]*roof-box\.md/.test(r)));
}

async function taken(page, customer) {
  await customer.goto(`${base}/chat`);
  await customer.waitForSelector(sel('reply'));
  const say = async (words) => {
    await customer.fill(sel('input'), words);
    await customer.press(sel('input'), 'Enter');
  };
  await say('the invoice');
  const choices = customer.locator(`${sel('choices')} button`);
  await choices.first().waitFor();
  await picture(customer, 'choices');
  const title = (await choices.nth(1).innerText()).trim();
  await choices.nth(1).click();
  await until('it was said', async () => (await texts(customer, sel('mine'))).some((x) => x.includes(title)));
  await until('no more choices', async () => (await choices.count()) === 0);
  await say('I want to talk to a person please');
  await customer.waitForSelector(sel('standing'));
  const id = await customer.evaluate(() => JSON.parse(Object.values(localStorage).find((v) => v.includes('"session"'))).session.id);
  await page.goto(`${base}/#/c/${id}`);
  await page.waitForSelector(`${sel('take')} button`);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('o');
  await page.waitForSelector(`${sel('work')}[data-state=accepted]`);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.click(sel('work'));
  await until('buttons with words', async () => /Transfer/.test(await page.locator(sel('callbar')).innerText()));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `nothing is cut at 390 px: ${wide}`);
  await picture(page, 'desk_390');
}

await scenario('settings', async (open) => {
  const page = await open({ size: [1280, 900] });
  await signIn(page);
  await things(page);
  await people(page);
  await documents(page);
  await taken(page, await open({ size: [390, 800] }));
});
