/* answers.mjs: what customers are told, with and without the models installed here: every demo question (demo/tests/questions.*,
 * 200 a language) asked in a chat of its own; the same for the 60 unanswerable ones.
 *
 *   node bench/answers.mjs [builtin|local] [N]     the first N of each file, default all; CALLM_BIN, CALLM_CACHE
 *
 * right: the first citation is the expected article. declined: an unanswerable question is not answered from an article.
 * unsupported: sentences of replies that do not stand word for word in the article they cite (marks of Markdown aside). */
import { readFileSync } from 'node:fs';
import { demo, http, join, login, main, note, ok, root, until, withWeights } from '../tests/e2e/lib.mjs';

const mode = process.argv[2] ?? 'local';
const most = Number(process.argv[3] ?? 1e9);
const lines = (f) => readFileSync(join(root, 'demo/tests', f), 'utf8').split('\n').filter(Boolean).slice(0, most);
/* What the company says by itself: sentences of empathy. */
const own = ['en', 'zh'].map((l) => readFileSync(join(root, `prompts/texts.${l}.yaml`), 'utf8')).join('\n');
const flat = (s) => s.replace(/[*#>|`\s]/g, '').replace(/[“”"]/g, '"');

async function ask(s, text) {
  const { json } = await http(s, 'POST', '/api/v1/conversations', { body: { channel: 'webchat' } });
  const t0 = performance.now();
  const r = await http(s, 'POST', `/api/v1/conversations/${json.id}/messages`, { token: json.token, body: { text } });
  return { ...r.json, ms: performance.now() - t0 };
}

/* Sentences of a reply that its articles do not hold. */
async function unsupported(s, token, r, bodies) {
  let all = '';
  for (const c of r.citations ?? []) {
    if (!bodies.has(c.article_id)) {
      const a = await http(s, 'GET', `/api/v1/articles/${c.article_id}`, { token });
      bodies.set(c.article_id, flat(a.json?.body_md ?? a.text));
    }
    all += bodies.get(c.article_id);
  }
  const sentences = r.reply.split(/(?<=[。！？；])|(?<=[.!?])\s+|\n/).map((x) => x.trim()).filter((x) => x.length > 1);
  return { n: sentences.length, bad: sentences.filter((x) => !all.includes(flat(x)) && !own.includes(x)) };
}

await main(async () => {
  const s = await demo({ env: { CALLM_HTTP__CHATS_PER_ADDR: '-1', ...(mode === 'local' ? withWeights : {}) } });
  const token = await login(s);
  if (mode === 'local') {
    await until('the local model', async () => /^llama:/.test((await ask(s, 'How long do I have to return something?')).model), 120000);
    await until('the search by meaning', () => /meaning\.ready/.test(s.err), 300000);
  }
  const bodies = new Map();
  for (const lang of ['en', 'zh']) {
    const by = {};
    let right = 0, n = 0, sentences = 0, bad = 0, declined = 0, two = 0;
    const ms = [];
    for (const line of lines(`questions.${lang}.tsv`)) {
      const [article, text] = line.split('\t');
      const r = await ask(s, text);
      n++;
      by[r.model] = (by[r.model] ?? 0) + 1;
      ms.push(r.ms);
      if (r.action !== 'reply') continue;
      right += r.citations?.[0]?.article_id === `${article}.${lang}`;
      const u = await unsupported(s, token, r, bodies);
      sentences += u.n;
      bad += u.bad.length;
      two += u.n > 1;
      if (u.bad.length) note(`unsupported: ${u.bad.join(' / ')} <- ${r.citations.map((c) => c.article_id)}`);
    }
    const oos = lines(`unanswerable.${lang}.txt`);
    for (const text of oos) declined += (await ask(s, text)).action !== 'reply';
    ms.sort((a, b) => a - b);
    note(`${mode} ${lang}: right ${right}/${n} (${((100 * right) / n).toFixed(1)} %), declined ${declined}/${oos.length}, unsupported ${bad}/${sentences} sentences, ` +
      `more than one sentence ${two}, ms p50 ${ms[Math.floor(n / 2)].toFixed(0)} p95 ${ms[Math.floor(n * 0.95)].toFixed(0)}, by ${JSON.stringify(by)}`);
    ok(n > 0, `${lang} asked`);
  }
  await s.stop();
});
