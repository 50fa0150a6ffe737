/* bench.mjs: `callm bench voice` measures, says so in a table and in JSON, and fails where something is wrong. Times are
 * not judged here: a busy machine would. */
import { bin, have, join, main, note, ok, readFileSync, runAsync, skip, temp } from './lib.mjs';

const TIMELESS = [/^keys right/, /^keys not doubled/, /^no sound before the answer/];

async function bench(args) {
  const file = join(temp, 'bench.json');
  const r = await runAsync(bin, ['bench', 'voice', '--quick', '--json', file, ...args], { ms: 150000 });
  return { ...r, rows: JSON.parse(readFileSync(file, 'utf8')).rows };
}

await main(async () => {
  const r = await bench(['--only', 'T7,T14']);
  for (const row of r.rows) note(`${row.test} ${row.what}: n ${row.n}, p95 ${row.p95 ?? row.p50} ${row.unit}, ${row.pass ? 'pass' : 'FAIL'} ${row.note}`);
  ok(r.rows.length >= 5 && r.rows.every((x) => x.n > 0), 'each row was measured', r.err);
  for (const what of TIMELESS) {
    const row = r.rows.find((x) => what.test(x.what));
    ok(row?.pass, `${row?.test}: ${row?.what}`, row ?? r.rows);
  }
  ok((r.code === 0) === r.rows.every((x) => x.pass), 'its exit status says whether all passed', r.code);
  if (have('baresip')) {
    const other = await bench(['--only', 'T7', '--caller', 'baresip']);
    ok(other.rows.length === 2 && other.rows.every((x) => x.pass && x.n === 120), "another's telephone: its keys come once and in order", other.rows);
  } else {
    skip("another's telephone", 'package baresip-core is not installed');
  }
  const nobody = await runAsync(bin, ['bench', 'voice', '--caller', 'nobody'], { ms: 10000 });
  ok(nobody.code !== 0 && /baresip/.test(nobody.err + nobody.out), 'a caller that there is not is told', nobody);
  const list = await runAsync(bin, ['bench', 'voice', '--list'], { ms: 10000 });
  for (const t of ['T1', 'T7', 'T15', 'T20']) ok(new RegExp(`\\b${t}\\b`).test(list.out), `${t} is on the list`, list.out);
  const bad = await runAsync(bin, ['bench', 'voice', '--only', 'T99'], { ms: 10000 });
  ok(bad.code !== 0 && /T99/.test(bad.err + bad.out), 'a test that there is not is told', bad);
});
