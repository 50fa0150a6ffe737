/* The forecast of a new centre says that there is nothing yet; with two weeks behind it it shows both charts, the days
 * and the file, and asks anew when what people are reckoned with changes. */
import { accessible, assert, picture, scenario, signIn, until } from './lib.mjs';

const HOUR = 3600000;

/* 14 days of counts, 7 to come, 08:00 to 17:00 UTC. */
function answer(goal) {
  const today = Math.floor(Date.now() / 86400000) * 86400000;
  const history = [], items = [];
  for (let d = -14; d < 7; d++)
    for (let h = 8; h < 18; h++) {
      const ts = new Date(today + d * 24 * HOUR + h * HOUR).toISOString();
      const mean = 40 + 30 * Math.sin((h - 8) / 3) + 3 * ((d + 21) % 7);
      if (d < 0) history.push({ ts, value: Math.round(mean) });
      else items.push({ ts, mean, p025: mean - 14, p10: mean - 9, p90: mean + 9, p975: mean + 14, agents: Math.ceil(mean / 6), scheduled: Math.ceil((mean / 6) * (1 + goal)) });
    }
  return { zone: 'UTC', period_min: 60, model: 'calendar', pooled: false, wape: 0.061, baseline_wape: 0.094, aht_s: 214, goal, within_s: 20, history, items };
}

await scenario('forecast', async (open) => {
  const page = await open({ lang: 'zh', size: [1280, 1000] });
  await signIn(page);
  await page.click('[data-test=nav-forecast]');
  await page.waitForSelector('.forecast .empty');
  await accessible(page, 'nothing yet');
  const asked = [];
  await page.route('**/api/v1/forecast?*', (r) => {
    const q = new URL(r.request().url()).searchParams;
    asked.push(q);
    return r.fulfill({ json: answer(Number(q.get('goal') ?? 0.8)) });
  });
  await page.selectOption('[data-test=fc-days]', '14');
  await page.waitForSelector('[data-test=fc-calls] canvas');
  await page.waitForSelector('[data-test=fc-people] canvas');
  assert.equal(await page.locator('[data-test=fc-days] tbody tr').count(), 7);
  await page.fill('[data-test=fc-goal]', '95');
  await page.press('[data-test=fc-goal]', 'Tab');
  await until('asked with the new goal', () => asked.some((q) => q.get('goal') === '0.95' && q.get('days') === '14'));
  await page.waitForSelector('[data-test=fc-calls] canvas');
  await accessible(page, 'the forecast');
  await picture(page, 'forecast');
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-test=fc-csv]')]);
  assert.equal(file.suggestedFilename(), 'forecast.csv');
});
