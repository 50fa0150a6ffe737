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
  await page.route('**/api/v1/auth/login', async (r) => {
    const got = await r.fetch(), body = await got.json();
    return r.fulfill({ response: got, json: { ...body, user: { ...body.user, sample_history: true } } });
  });
  await signIn(page);
  await page.click('[data-test=nav-forecast]');
  assert.equal(await page.textContent('[data-test=sample]'), '示例历史');
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

/* The need of a working day from 9 to 18 on the wall of the zone that the roster says. */
function dayNeed(zone) {
  const local = (ms) => Number(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hourCycle: 'h23' }).format(ms));
  const items = [];
  for (let ts = Math.floor(Date.now() / 1800000) * 1800000 - 86400000, n = 0; n < 96; n++, ts += 1800000) {
    const h = local(ts);
    if (h < 9 || h >= 18) continue;
    items.push({ ts: new Date(ts).toISOString(), mean: 6, p025: 1, p10: 2, p90: 9, p975: 12, agents: h % 4 ? 2 : 3, scheduled: h % 4 ? 2 : 3 });
  }
  return { ...answer(0.8), zone, period_min: 30, history: [], items };
}

await scenario('roster', async (open) => {
  const page = await open({ lang: 'en', size: [1280, 900] });
  await signIn(page);
  const zone = await page.evaluate(async () => {
    const r = await fetch('/api/v1/rosters', { headers: { Authorization: `Bearer ${localStorage.getItem('callm.token')}` } });
    return (await r.json()).zone;
  });
  await page.route('**/api/v1/forecast?*', (r) => r.fulfill({ json: dayNeed(zone) }));
  await page.click('[data-test=nav-forecast]');
  await page.click('[data-test=tab-roster]');
  await page.waitForSelector('[data-test=roster-state]');
  assert.equal(await page.locator('[data-test=save]').count(), 0);
  const mei = { agent: 'mei', from_min: 540, to_min: 1050, pauses: [{ from_min: 780, to_min: 810 }] };
  await page.route('**/propose', (r) => r.fulfill({ json: { shifts: [mei], open: [{ agent: '', from_min: 720, to_min: 1080, pauses: [] }] } }));
  await page.click('[data-test=propose]');
  assert.match(await page.locator('[data-test=roster-hint]').innerText(), /Nobody can take: 12:00–18:00/);
  assert.match(await page.locator('[data-test=roster-balance]').innerText(), /short by/);
  await page.selectOption('[data-test=roster-add]', 'tom');
  await page.waitForSelector('[data-test=editor-tom]');
  await page.fill('[data-test=editor-tom] input[type=time] >> nth=1', '08:00');
  await page.waitForSelector('[data-test=editor-tom] .tag.bad');
  assert.ok(await page.locator('[data-test=save]').isDisabled(), 'a shift that ends before it begins is not saved');
  await page.fill('[data-test=editor-tom] input[type=time] >> nth=1', '19:00');
  await accessible(page, 'the roster while it is changed');
  await page.click('[data-test=save]');
  await page.waitForSelector('[data-test=roster-state].info');
  await page.waitForSelector('[data-test=kept-mei]');
  await page.click('[data-test=publish]');
  await page.waitForSelector('[data-test=roster-state].ok');
  await picture(page, 'roster-en');
  const moves = [{ move: 'pause', agent: 'mei', from_min: 840 }, { move: 'longer', agent: 'mei', to_min: 1080 }, { move: 'leave', agent: 'tom', to_min: 1020 }];
  await page.route('**/replan', (r) => r.fulfill({ json: { moves, short_min: 90, shifts: [{ ...mei, to_min: 1080 }] } }));
  await page.click('[data-test=replan]');
  assert.match(await page.locator('[data-test=roster-hint]').innerText(), /pause from 14:00[^]*stays until 18:00[^]*may leave at 17:00[^]*1\.5 hours still lack/);
  await page.click('[data-test=discard]');
  await page.waitForSelector('[data-test=roster-state].ok');
  await page.click('[data-test=lang]');
  await page.click('[data-test=theme]');
  await page.waitForSelector('html[lang=zh-CN] [data-test=kept-tom]');
  await accessible(page, 'the roster in Chinese, dark');
  await picture(page, 'roster-zh');
  await page.click('[data-test=day-after]');
  await until('another day has no roster', async () => (await page.locator('[data-test=row-mei]').count()) === 0);
});
