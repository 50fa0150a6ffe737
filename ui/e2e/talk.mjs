/* A call from the browser with a made-up microphone: greeting heard and shown,
 * audio flows both ways, keys arrive, hanging up ends the conversation.
 *
 * CALLM_EXPECT_CITE=ARTICLE requires that an answer cites it.
 * CALLM_WAV=FILE speaks that recording (16 bit WAV) and then expects the
 * caller's words in the transcript and a measured answer time. Without it, a
 * babble is spoken that no recogniser needs to understand; CALLM_EXPECT_SPEECH
 * demands an answer to it, and that interrupting the answer silences it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { babble } from '../dev/mock-audio.mjs';
import { api, assert, base, scenario, until } from './lib.mjs';

const RATE = 16000;

function wav(pcm) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + pcm.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(pcm.byteLength, 40);
  return Buffer.concat([head, Buffer.from(pcm.buffer)]);
}

/* 5 s of silence (the greeting), 1.5 s of speech, 4 s to hear the answer begin,
 * and 1 s of speech that interrupts it. */
function spoken() {
  const pcm = new Int16Array(RATE * 16);
  pcm.set(babble(1500, RATE, 130, 7), RATE * 5);
  pcm.set(babble(1000, RATE, 130, 8), RATE * 10.5);
  return wav(pcm);
}

const dir = mkdtempSync(join(tmpdir(), 'callm-talk-'));
const file = process.env.CALLM_WAV ?? join(dir, 'speech.wav');
if (!process.env.CALLM_WAV) writeFileSync(file, spoken());

const counts = async (page) => {
  const s = await page.evaluate(() => document.documentElement.dataset.frames ?? '0,0,0');
  const [sent, received, flushed] = s.split(',').map(Number);
  return { sent, received, flushed };
};

await scenario('talk', async (open) => {
  const page = await open();
  await page.goto(`${base}/talk`);
  const created = page.waitForResponse((r) => r.url().endsWith('/api/v1/conversations'));
  await page.click('[data-test=mic]');
  const call = await (await created).json();
  await page.waitForSelector('[data-phase=live]');
  await page.waitForSelector('[data-test=reply]');
  const hello = await page.locator('[data-test=reply]').first().innerText();
  assert.ok(hello.length >= 8, `no greeting: ${hello}`);
  await until('audio in both directions', async () => {
    const n = await counts(page);
    return n.sent >= 50 && n.received >= 25;
  });
  await until('the microphone on the meter', async () =>
    Number(await page.locator('[data-test=meter]').getAttribute('aria-valuenow')) > 20);

  if (process.env.CALLM_WAV || process.env.CALLM_EXPECT_SPEECH) {
    await page.locator('[data-test=mine]').first().waitFor({ timeout: 25000 });
    await until('an answer', async () => (await page.locator('[data-test=reply]').count()) >= 2);
    await until('the answer time', async () =>
      /\d/.test(await page.locator('[data-test=gap]').innerText()));
  }

  if (process.env.CALLM_EXPECT_SPEECH) {
    const stage = page.locator('[data-test=state]');
    await until('the answer to be audible', async () => /Speaking/.test(await stage.innerText()));
    await until('a flush when interrupted', async () => (await counts(page)).flushed >= 1);
    await until('silence after the flush', async () => /Listening/.test(await stage.innerText()), 600);
  }

  await page.click('[data-test=keypad]');
  await page.click('[data-test=key-5]');
  await until('the key in the transcript', async () =>
    /5/.test((await page.locator('[data-test=dtmf]').allInnerTexts()).join()));
  await page.click('[data-test=hangup]');
  await page.waitForSelector('[data-phase=ended]');

  const path = `/api/v1/conversations/${call.id}/events?after=0`;
  await until('the conversation to be closed', async () => {
    const { items } = await api(path, call.token);
    return items.some((e) => e.kind === 'conversation.closed');
  });
  const { items } = await api(path, call.token);
  assert.ok(items.some((e) => e.kind === 'call.dtmf' && e.body.digit === '5'), 'key in the log');
  const cite = process.env.CALLM_EXPECT_CITE;
  const cited = items.flatMap((e) => (e.kind === 'turn.bot' ? e.body.citations : [])).map((c) => c.article_id);
  assert.ok(!cite || cited.some((id) => id.startsWith(cite)), `cited ${cited}, heard ${items
    .filter((e) => e.kind === 'turn.customer').map((e) => e.body.text).join(' | ')}`);
}, [`--use-file-for-fake-audio-capture=${file}`]);
rmSync(dir, { recursive: true });
