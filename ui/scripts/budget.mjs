/* What a first visit downloads, gzipped, per page, against the budget. Follows
 * the page's scripts and styles and their static imports; lazy ones are shown
 * apart. Needs a build: run `npm run build` first. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = join(import.meta.dirname, '..', 'dist');
if (!existsSync(join(dist, 'index.html'))) {
  console.error('budget: no ui/dist; run "npm run build" first');
  process.exit(1);
}
const KIB = 1024;
const BUDGET = { 'index.html': 90 * KIB, 'chat.html': 90 * KIB, 'talk.html': 90 * KIB, 'survey.html': 60 * KIB };
const WIDGET = 25 * KIB;
const DESK = 120 * KIB; /* the first load of an agent: the console and the desk */
const size = (f) => gzipSync(readFileSync(join(dist, f)), { level: 9 }).length;

/* more: files beyond the page's own. */
function closure(page, more = []) {
  const seen = new Set([page]);
  const html = readFileSync(join(dist, page), 'utf8');
  const todo = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1]).concat(more);
  while (todo.length) {
    const f = todo.pop();
    if (seen.has(f)) continue;
    seen.add(f);
    if (!f.endsWith('.js')) continue;
    const js = readFileSync(join(dist, f), 'utf8');
    for (const m of js.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g))
      todo.push(`assets/${m[1]}`);
  }
  return [...seen];
}

let failed = false;
const reached = new Set();
const line = (name, n, max) => {
  const bad = n > max;
  failed ||= bad;
  const kib = (n / KIB).toFixed(1).padStart(6);
  console.log(`budget: ${kib} / ${max / KIB} KiB gz  ${name}${bad ? '  OVER' : ''}`);
};
for (const [page, max] of Object.entries(BUDGET)) {
  const files = closure(page);
  files.forEach((f) => reached.add(f));
  line(page, files.reduce((sum, f) => sum + size(f), 0), max);
}
line('widget.js', size('widget.js'), WIDGET);
/* What the console's script fetches along with the desk. */
function deskFiles() {
  const js = closure('index.html').filter((f) => /\/index-.*\.js$/.test(f)).map((f) => readFileSync(join(dist, f), 'utf8')).join('');
  const all = JSON.parse(/m\.f=(\[[^\]]+\])/.exec(js)[1]);
  return /desk-[^`]+`\),__vite__mapDeps\(\[([\d,]+)\]/.exec(js)[1].split(',').map((i) => all[Number(i)]);
}
const desk = deskFiles();
line('the desk', closure('index.html', desk).reduce((sum, f) => sum + size(f), 0), DESK);
for (const f of readdirSync(join(dist, 'assets')))
  if (!reached.has(`assets/${f}`))
    console.log(`budget: ${(size(`assets/${f}`) / KIB).toFixed(1).padStart(6)} KiB gz       lazy ${f}`);

for (const page of Object.keys(BUDGET)) {
  const html = readFileSync(join(dist, page), 'utf8');
  const inline = /<script(?![^>]*\bsrc=)|\sstyle="|<style|\son\w+="/i.exec(html);
  if (inline) {
    console.error(`budget: ${page} breaks the CSP: ${inline[0]}`);
    failed = true;
  }
  const out = /(?:src|href)="(?:https?:)?\/\//.exec(html);
  if (out) {
    console.error(`budget: ${page} names another host: ${out[0]}`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
