/* Both languages must have the same keys, the same {parameters}, and no empty
 * texts; every t('key') in the sources must exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', 'src');
const read = (l) => JSON.parse(readFileSync(join(root, 'i18n', `${l}.json`), 'utf8'));
const en = read('en');
const zh = read('zh');
const problems = [];
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
