/* browser.mjs: the scenarios of ui/e2e in headless Chromium against the real program. CALLM_SHOTS keeps pictures;
 * CALLM_FULL=1 plays the people's side at length and a telephone call that an agent takes in the browser. */
import { bin, demo, join, login, main, note, ok, openQueues, root, runAsync, speak, temp } from './lib.mjs';

/* Speech once the greeting is over, and again later: a fake microphone loops its file. */
const QUESTION = 'How long do I have to return something?';
const ARTICLE = 'return-window';
/* The desk first: nobody waits for a person yet. A part may be named, desk or office; else both. */
const PARTS = {
  desk: ['desk', 'chat_en', 'chat_zh', 'console_live', 'strategy', 'service', 'rules'],
  office: ['knowledge', 'survey', 'forecast', 'learning', 'settings', 'talk'],
};
const part = process.argv[2];
const NAMES = part ? PARTS[part] : Object.values(PARTS).flat();

await main(async () => {
  const s = await demo();
  await openQueues(s, await login(s, 'admin'));
  const env = { CALLM_URL: s.url, CALLM_PASSWORD: 'correct-horse-battery', CALLM_SIP: `sip:service@${s.sip}`, CALLM_BIN: bin };
  Object.assign(process.env, env);
  for (const name of process.env.CALLM_FULL && part !== 'office' ? [NAMES[0], 'desk_call', ...NAMES.slice(1)] : NAMES) {
    if (name === 'talk') {
      process.env.CALLM_WAV = speak(QUESTION, join(temp, 'mic.wav'), { before: 13, after: 30 });
      process.env.CALLM_EXPECT_CITE = ARTICLE;
    }
    const r = await runAsync(process.execPath, [join(root, `ui/e2e/${name}.mjs`)], { ms: 90000 });
    ok(r.code === 0, `browser: ${name}`, r.out + r.err);
    if (r.code === 0) note(r.out.trim());
  }
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
});
