/* The page behind a link: one question in the reader's language, stars by keys, thanks; a bad link is told kindly. The
 * link is made by an administrator for a conversation that there is. */
import { accessible, api, assert, base, login, password, picture, scenario, until } from './lib.mjs';

const sel = (name) => `[data-test="${name}"]`;

await scenario('survey', async (open) => {
  const { token } = await (await fetch(`${base}/api/v1/auth/login`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password }),
  })).json();
  const c = await (await fetch(`${base}/api/v1/conversations`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ channel: 'webchat', language: 'en' }),
  })).json();
  await api(`/api/v1/conversations/${c.id}/messages`, c.token, { method: 'POST', body: JSON.stringify({ text: 'How long can I return something?' }) });
  const link = await api('/api/v1/surveys', token, { method: 'POST', body: JSON.stringify({ conversation: c.id, kind: 'csat' }) });
  const page = await open({ lang: 'zh', size: [420, 800] });
  await page.goto(base + link.path);
  await page.waitForSelector(sel('rate-5'));
  await accessible(page, 'the question');
  await page.focus(sel('rate-4'));
  await page.keyboard.press('Enter');
  await page.fill(sel('survey-text'), '很快。');
  await picture(page, 'survey');
  await page.click(sel('survey-send'));
  await page.waitForSelector(sel('survey-thanks'));
  await accessible(page, 'thanks');
  await until('it counts', async () => (await api('/api/v1/surveys', token)).items.some((x) => x.kind === 'csat' && x.answered > 0));
  await page.goto(`${base}/survey?token=nonsense`);
  await page.waitForSelector(sel('survey-bad'));
  assert.equal(await page.locator(sel('rate-5')).count(), 0);
});
