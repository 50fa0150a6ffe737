/* eval.mjs: callm eval as a company uses it: the demo company's suites, the reports of a suite that fails, suites that
 * are wrong, the page in a browser-independent way (its data), the benchmark's tools when its data is there. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, main, ok, root, skip, temp } from './lib.mjs';

const env = { ...process.env, CALLM_CACHE: '/nonexistent' };
const data = mkdtempSync(join(temp, 'eval-'));
const evals = join(root, 'demo/evals');

function run(...args) {
  const r = spawnSync(bin, ['eval', ...args, '--data', data], { env, encoding: 'utf8', timeout: 60000, maxBuffer: 1 << 26 });
  return { code: r.status, out: r.stdout, err: r.stderr };
}

/* Elements and attributes of an XML text; throws on what is not well-formed. */
function parse(xml) {
  const found = [];
  const open = [];
  const tag = /<(\/?)([a-z]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>|<\?[^>]*\?>|([^<]+)/gy;
  for (let m; tag.lastIndex < xml.length; ) {
    const at = tag.lastIndex;
    m = tag.exec(xml);
    if (!m) throw new Error(`not XML at ${xml.slice(at, at + 60)}`);
    if (m[5] !== undefined && /&(?!(amp|lt|gt|quot|#39|apos);)/.test(m[5])) throw new Error(`bare & in ${m[5]}`);
    if (!m[2]) continue;
    if (m[1]) {
      if (open.pop() !== m[2]) throw new Error(`</${m[2]}> closes another`);
      continue;
    }
    found.push({ name: m[2], ...Object.fromEntries([...m[3].matchAll(/([a-z]+)="([^"]*)"/g)].map((a) => ['@' + a[1], a[2]])) });
    if (!m[4]) open.push(m[2]);
  }
  if (open.length) throw new Error(`${open} is open`);
  return found;
}

function page(file) {
  const text = readFileSync(file, 'utf8');
  return { text, data: JSON.parse(text.match(/<script type="application\/json" id="data">(.*?)<\/script>/s)[1]) };
}

await main(async () => {
  const junit = join(temp, 'r.xml');
  const html = join(temp, 'r.html');

  let r = run(evals, '--junit', junit, '--html', html);
  ok(r.code === 0, 'the demo company passes its suites with the built-in engine', r.out + r.err);
  let xml = parse(readFileSync(junit, 'utf8'));
  const cases = xml.filter((x) => x.name === 'testcase');
  ok(cases.length >= 40 && !xml.some((x) => x.name === 'failure'), 'at least 40 cases, no failure in JUnit', cases.length);
  ok(Number(xml[0]['@tests']) === cases.length && xml[0]['@failures'] === '0', 'the sums are those of the cases', xml[0]);
  let p = page(html);
  ok(p.data.length === 6 && p.data.every((s) => s.failed === 0), 'the page holds the six suites', p.data.length);
  ok(!/(src|href)=/.test(p.text), 'the page needs nothing from elsewhere');

  r = run(evals, '--json', '--trials', '3', '--jobs', '4', '--only', 'returns');
  const json = JSON.parse(r.out);
  ok(json.length === 1 && json[0].total === 4 && json[0].trials === 3, 'one tag, three trials', r.out.slice(0, 300));
  ok(json[0].pass_k.length === 3 && json[0].pass_k[2] === 1, 'pass^3 is 1', json[0].pass_k);
  ok(json[0].cases[0].runs[0].turns[0].citations[0].article_id.startsWith('return-'), 'the transcript has its source');

  const bad = join(temp, 'bad.yaml');
  writeFileSync(bad, readFileSync(join(evals, 'en/knowledge.yaml'), 'utf8').replace('CNY 599', 'CNY 598')
    .replace('"return window"', '"<b>return & window</b>"'));
  r = run(bad, '--junit', junit, '--html', html);
  ok(r.code === 1, 'a wrong fact fails the run', r.code);
  ok(/facts: wanted "CNY 598", got ".*CNY 599/.test(r.out), 'and says what was wanted and what was said', r.out);
  xml = parse(readFileSync(junit, 'utf8'));
  ok(xml.filter((x) => x.name === 'failure').length === 1 && xml[0]['@failures'] === '1', 'one failure in JUnit');
  ok(page(html).data[0].cases.filter((c) => c.passed < c.trials).length === 1, 'one failure on the page');

  writeFileSync(bad, 'name: "T"\nlanguage: en\ncases:\n  - name: "x"\n    turns:\n      - user: "a"\n        expect: {acton: reply}\n');
  r = run(bad);
  ok(r.code === 2 && /bad\.yaml:7:cases\[0\]\.turns\[0\]\.expect\.acton: .*action/.test(r.err),
    'an unknown key: file, line, key and the nearest known one', r.err);
  writeFileSync(bad, 'name: "T"\nlanguage: en\ncases:\n  - name: "x"\n    turns:\n      - user: "a"\n');
  r = run(bad);
  ok(r.code === 2 && /checks nothing/.test(r.err), 'a case that cannot fail is refused', r.err);
  r = run(join(temp, 'nothing-here'));
  ok(r.code === 2 && /no suite is there/.test(r.err), 'a folder without suites', r.err);
  r = run(evals, '--only', 'no such case');
  ok(r.code === 2 && /no case/.test(r.err), 'a name that no case has', r.err);

  const tau = process.env.CALLM_DATA_SETS && join(process.env.CALLM_DATA_SETS, 'tau2_bench');
  if (!tau || !existsSync(tau)) {
    skip('tau2-bench retail', 'its data is not there (CALLM_DATA_SETS)');
    return;
  }
  r = run('--tau', tau, '--agent', 'gold', '--json');
  ok(r.code === 0 && JSON.parse(r.out)[0].passed === 74, 'an agent with the gold actions passes all 74', r.out.slice(0, 300));
  const gate = JSON.parse(r.out)[0].gate;
  ok(gate.same === 74 && gate.same_twice === 74 && gate.odd === 0 && gate.again === gate.effects,
    'through the gate: the gold state in all 74, also with each call delivered twice', JSON.stringify(gate));
  r = run('--tau', tau, '--agent', 'idle', '--json');
  ok(r.code === 1 && JSON.parse(r.out)[0].passed === 5, 'one that does nothing passes the 5 that ask for nothing', r.err);
});
