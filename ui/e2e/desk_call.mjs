/* A telephone call that an agent takes in the browser: the caller presses 0, the offer rings at the desk, the browser's
 * line takes it; hold, mute, the supervisor listens, whispers and speaks from the wallboard, the end, the wrap-up.
 * Needs a SIP port and callm's own test telephone: CALLM_SIP=sip:service@127.0.0.1:5060 CALLM_BIN=build/callm. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { accessible, assert, base, picture, scenario, signIn, texts, until } from './lib.mjs';

const sel = (name) => `[data-test="${name}"]`;
const dir = mkdtempSync(join(tmpdir(), 'callm-desk-'));

/* A tone as a WAV of 8 kHz. */
function tone(file, hz, s) {
  const n = 8000 * s;
  const b = Buffer.alloc(44 + 2 * n);
  b.write('RIFF');
  b.writeUInt32LE(36 + 2 * n, 4);
  b.write('WAVEfmt ', 8);
  [16, 0x00010001, 8000, 16000, 0x00100002].forEach((v, i) => b.writeUInt32LE(v, 16 + 4 * i));
  b.write('data', 36);
  b.writeUInt32LE(2 * n, 40);
  for (let i = 0; i < n; i++) b.writeInt16LE(Math.round(6000 * Math.sin((2 * Math.PI * hz * i) / 8000)), 44 + 2 * i);
  writeFileSync(file, b);
}

function caller() {
  tone(join(dir, 'tone.wav'), 440, 30);
  const args = ['call', process.env.CALLM_SIP, '--play', join(dir, 'tone.wav'), '--dtmf', '0', '--record', join(dir, 'heard.wav'), '--quiet', '50000', '--max', '50000'];
  const p = spawn(resolve(import.meta.dirname, '../..', process.env.CALLM_BIN ?? 'build/callm'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  p.over = once(p, 'exit');
  return p;
}

const pressed = (page, name, want) =>
  until(`${name} ${want}`, async () => (await page.getAttribute(sel(`do-${name}`), 'aria-pressed')) === String(want));

async function supervisor(lin, mei) {
  await lin.goto(`${base}/#/floor`);
  await lin.locator(`${sel('risky')} ${sel('listen-open')}`).first().click();
  for (const [how, mode] of [['monitor', 'listens'], ['whisper', 'whispers'], ['barge', 'talks']]) {
    await lin.click(sel(`do-${how}`));
    await until(how, async () => (await lin.locator('[role=alert]').count()) > 0 || (await texts(mei, sel('party'))).some((x) => x.includes(mode)), 8000);
    assert.equal(await lin.locator('.page-body > [role=alert]').count(), 0, `${how} is not refused`);
  }
  await picture(lin, 'call_floor');
}

await scenario('desk_call', async (open) => {
  const mei = await open({ size: [1400, 880] });
  await signIn(mei, 'mei');
  await mei.waitForSelector(sel('presence'));
  await mei.click(sel('line'));
  await until('the line', async () => (await mei.getAttribute(sel('line'), 'data-state')) === 'open');
  const lin = await open({ size: [1400, 900] });
  await signIn(lin, 'lin');
  await mei.click(sel('be-ready'));
  const phone = caller();
  await mei.waitForSelector(sel('accept'), { timeout: 30000 });
  await mei.locator(sel('desk-queues')).click({ position: { x: 3, y: 3 } });
  await mei.keyboard.press('a');
  await mei.waitForSelector(sel('do-mute'));
  await until('one hears the caller', async () => (await mei.getAttribute(sel('line'), 'data-state')) === 'busy');
  await mei.keyboard.press('h');
  await pressed(mei, 'hold', true);
  await picture(mei, 'call_hold');
  await mei.keyboard.press('h');
  await pressed(mei, 'hold', false);
  await mei.keyboard.press('u');
  await pressed(mei, 'mute', true);
  await mei.keyboard.press('u');
  await pressed(mei, 'mute', false);
  await supervisor(lin, mei);
  await accessible(mei, 'a call at the desk');
  await picture(mei, 'call_desk');
  await mei.keyboard.press('e');
  await mei.click(sel('survey'));
  await mei.click(sel('end-go'));
  await mei.waitForSelector(sel('wrapup'));
  await until('the line waits again', async () => (await mei.getAttribute(sel('line'), 'data-state')) === 'open');
  await picture(mei, 'call_wrapup');
  await Promise.race([phone.over, new Promise((r) => setTimeout(r, 10000))]);
  phone.kill();
  await phone.over;
  assert.ok(readFileSync(join(dir, 'heard.wav')).length > 16000 * 10, 'the caller heard the whole call');
  rmSync(dir, { recursive: true });
}, [], 85000);
