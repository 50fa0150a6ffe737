/* Both languages must have the same keys, the same {parameters}, and no empty
 * texts; every t('key') in the sources must exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', 'src');
const problems = [];
/* en.json and service.en.json: a text has one place. */
const read = (l) => {
  const all = {};
  for (const f of readdirSync(join(root, 'i18n')).filter((n) => n === `${l}.json` || n.endsWith(`.${l}.json`)))
    for (const [k, v] of Object.entries(JSON.parse(readFileSync(join(root, 'i18n', f), 'utf8')))) {
      if (k in all) problems.push(`${f}: ${k} is in another file too`);
      all[k] = v;
    }
  return all;
};
const en = read('en');
const zh = read('zh');
const params = (s) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join();

for (const k of Object.keys(en)) if (!(k in zh)) problems.push(`zh.json lacks ${k}`);
for (const k of Object.keys(zh)) if (!(k in en)) problems.push(`en.json lacks ${k}`);
for (const k of Object.keys(en)) {
  if (!en[k].trim() || !zh[k]?.trim()) problems.push(`${k} is empty`);
  else if (params(en[k]) !== params(zh[k])) problems.push(`${k}: parameters differ`);
}

for (const f of readdirSync(root, { recursive: true })) {
  if (!/\.tsx?$/.test(f)) continue;
  const text = readFileSync(join(root, f), 'utf8');
  for (const m of text.matchAll(/\bt\('([\w.]+)'/g))
    if (!(m[1] in en)) problems.push(`${f}: unknown key ${m[1]}`);
}

for (const p of problems) console.error(`i18n: ${p}`);
console.log(`i18n: ${Object.keys(en).length} keys, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
