/* Learning: nothing is tried at first; a second way in the strategy is in the shadow at the first look; how far another
 * one came, its bounds and history are shown, and a person stops it with a reason. */
import { accessible, assert, picture, scenario, signIn, until } from './lib.mjs';

const mean = (n, m, w) => ({ n, mean: m, lo: m - w, hi: m + w });
const trial = (stage) => ({
  row: 'frustrated', stage, share: stage === '25' ? 0.25 : 0, since_ms: Date.now() - 86400000, in_use: true,
  arms: [
    { arm: 'before', seen: 3012, reward: mean(3012, 0.71, 0.03), handover: mean(3012, 0.12, 0.02), thumb_down: mean(3012, 0.08, 0.02) },
    { arm: 'new', seen: 988, reward: mean(988, 0.78, 0.05), handover: mean(988, 0.1, 0.04), thumb_down: mean(988, 0.07, 0.03) },
  ],
  history: [{ at_ms: Date.now() - 2 * 86400000, from: 'shadow', to: '5', why: 'shadow_done', by: 'system' }, { at_ms: Date.now() - 86400000, from: '5', to: '25', why: 'not_worse', by: 'system' }],
});

const learned = {
  row: 'frustrated', explore: 0.1, ways: ['own', 'calm', 'short'], model: 2,
  night: { at_ms: Date.now() - 3600000, why: 'choice_better', n: 4000, old_value: 0.71, new_value: 0.8,
    ways: [{ id: 'own', n: 3700, mean: 0.71 }, { id: 'calm', n: 160, mean: 0.74 }, { id: 'short', n: 140, mean: 0.69 }] },
};

await scenario('learning', async (open) => {
  const page = await open({ lang: 'en', size: [1280, 900] });
  await signIn(page);
  await page.click('[data-test=nav-learning]');
  await page.waitForSelector('.learning .empty');
  await accessible(page, 'nothing is tried');
  let stage = '25', said = null;
  await page.route('**/api/v1/policies/rollouts', (r) => r.fulfill({ json: { items: [trial(stage)], learned: [learned] } }));
  await page.route('**/api/v1/policies/rollouts/frustrated', (r) => {
    said = r.request().postDataJSON();
    stage = 'back';
    return r.fulfill({ json: { row: 'frustrated', stage } });
  });
  await page.reload();
  await page.waitForSelector('[data-test=trial-frustrated]');
  assert.equal(await page.locator('[data-test=arms] tbody tr').count(), 2);
  assert.match(await page.textContent('[data-test=arms]'), /78/);
  assert.equal(await page.locator('[data-test=ways] tbody tr').count(), 3);
  assert.match(await page.textContent('[data-test=ways]'), /74/);
  assert.match(await page.textContent('[data-test=found]'), /80/);
  assert.equal(await page.textContent('[data-test=model]'), '25 %');
  await page.click('.learning summary');
  assert.equal(await page.locator('[data-test=history] li').count(), 2);
  await accessible(page, 'a second way');
  await picture(page, 'learning');
  await page.click('[data-test=stop]');
  assert.ok(await page.locator('[data-test=order-go]').isDisabled());
  await page.fill('[data-test=reason]', 'customers complain');
  await page.click('[data-test=order-go]');
  await until('the reason was sent', () => said?.action === 'stop' && said.reason === 'customers complain');
  await page.waitForSelector('[data-test=restart]');

  let models = [{ name: 'intent', version: 3, state: 'live', rows: 412 }, { name: 'intent', version: 2, state: 'retired', rows: 390 }];
  await page.route('**/api/v1/nights', (r) => r.fulfill({ json: {
    items: [{ id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', state: 'done', began: '2026-11-25T18:30:00Z', tried: 4, promoted: 1 }], models } }));
  await page.route('**/api/v1/nights/models/back', (r) => {
    said = r.request().postDataJSON();
    models = models.map((m) => ({ ...m, state: m.version === 2 ? 'live' : 'retired' }));
    return r.fulfill({ json: { name: 'intent', version: 2 } });
  });
  await page.click('[data-test=nav-reports]');
  await page.click('[data-test=model-back]');
  await picture(page, 'models');
  await page.click('[data-test=model-back-go]');
  await until('the model is taken back', () => said?.name === 'intent');
  await until('the one before is shown', async () => /2/.test(await page.textContent('[data-test=models]')));
});
