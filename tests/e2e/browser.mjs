/* browser.mjs: the scenarios of ui/e2e in headless Chromium against the real program. CALLM_SHOTS keeps pictures. */
import { demo, join, main, note, ok, root, runAsync, speak, temp } from './lib.mjs';

/* Speech once the greeting is over, and again later: a fake microphone loops its file. */
const QUESTION = 'How long do I have to return something?';
const ARTICLE = 'return-window';

await main(async () => {
  const s = await demo();
  const env = { CALLM_URL: s.url, CALLM_PASSWORD: 'correct-horse-battery' };
  Object.assign(process.env, env);
  for (const name of ['chat_en', 'chat_zh', 'console_live', 'strategy', 'service', 'rules', 'knowledge', 'talk']) {
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
