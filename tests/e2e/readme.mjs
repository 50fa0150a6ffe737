/* readme.mjs: README.md and README.zh.md say the same: same outline, same commands and figures, links that lead
 * somewhere; and every command they show is one the program has. Exits 1 with what differs. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const read = (f) => readFileSync(join(root, f), 'utf8');
const [en, zh] = [read('README.md'), read('README.zh.md')];

const outline = (t) => t.replace(/```[\s\S]*?```/g, '').match(/^#+ /gm).map((h) => h.trim());
assert.deepEqual(outline(zh), outline(en), 'headings differ');

/* Code without its comments, which are in the language of the page. */
const code = (t) => [...t.matchAll(/```(?:sh|yaml)\n([\s\S]*?)```/g)]
  .map((m) => m[1].replace(/[ \t]+#.*$/gm, '').replace(/".*?"/g, '""'));
assert.deepEqual(code(zh), code(en), 'commands differ');

const rows = (t) => t.match(/^\|.*\|$/gm) ?? [];
assert.equal(rows(zh).length, rows(en).length, 'tables differ in length');
const inline = (t) => rows(t).map((r) => [...r.matchAll(/`[^`]+`/g)].map((m) => m[0]));
assert.deepEqual(inline(zh), inline(en), 'code in tables differs');
const figures = (t) => rows(t).map((r) => (r.match(/\d+(?:[.,]\d+)*/g) ?? []).sort());
assert.deepEqual(figures(zh), figures(en), 'figures in tables differ');
const points = (t) => (t.match(/^(?:- |\d+\. )/gm) ?? []).length;
assert.equal(points(zh), points(en), 'lists differ in length');

for (const [name, text] of [['README.md', en], ['README.zh.md', zh]])
  for (const m of text.matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g))
    assert.ok(/^https?:/.test(m[1]) || existsSync(join(root, m[1])), `${name}: ${m[1]} does not exist`);

const commands = new Set([...read('src/app/app_main.c').matchAll(/^\t\{ "(\w+)",/gm)].map((m) => m[1]));
assert.ok(commands.size >= 10, 'the table of commands was not found');
for (const m of en.matchAll(/(?:build\/)?callm ([a-z]+)\b/g))
  if (/build\/callm/.test(m[0])) assert.ok(commands.has(m[1]), `README.md: callm has no command "${m[1]}"`);
