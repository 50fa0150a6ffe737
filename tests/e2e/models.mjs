/* models.mjs: `callm models` as a person types it, against a package server of our own: pull, list, verify, use, a
 * damaged file, a wrong hash, mistakes. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { bin, join, main, ok, readFileSync, runAsync, temp, writeFileSync } from './lib.mjs';

const dir = join(temp, 'models-data');
const cache = join(temp, 'models-cache');
const env = { CALLM_CACHE: cache };
const bytes = randomBytes(300000);
const sha = createHash('sha256').update(bytes).digest('hex');
let asked = [];

const callm = (...args) => runAsync(bin, ['models', ...args, '--data', dir, '--registry', join(temp, 'own.yaml')], { env });

/* Answers the first request for /cut with half of it, and ranges as they are asked for. */
function serve(req, res) {
  asked.push([req.url, req.headers.range]);
  const from = Number(/bytes=(\d+)-/.exec(req.headers.range ?? '')?.[1] ?? 0);
  const head = { 'content-length': bytes.length - from };
  if (from) head['content-range'] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  res.writeHead(from ? 206 : 200, head);
  if (req.url === '/cut' && !from) res.write(bytes.subarray(0, 100000), () => res.destroy());
  else res.end(bytes.subarray(from));
}

const entry = (name, url, hash) => `  - name: ${name}
    role: llm
    kind: llama
    version: "1"
    licence: MIT
    sources:
      - url: ${url}
        sha256: ${hash}
        bytes: ${bytes.length}
    take:
      - to: w.gguf
        from: ["1"]
    file: w.gguf
`;

async function list(name) {
  const r = await callm('list', '--json');
  return r.out.trim().split('\n').map((l) => JSON.parse(l)).find((m) => m.name === name);
}

async function pulling() {
  const r = await callm('pull', 'mine');
  ok(r.code === 0 && /mine: ready/.test(r.out), 'pull installs it, over a connection that breaks off', r.out + r.err);
  ok(asked.length === 2 && /bytes=\d+-/.test(asked[1][1]), 'the rest was asked for, not all again', asked);
  const file = join(cache, 'models/mine-1/w.gguf');
  ok(readFileSync(file).equals(bytes), 'what is installed is what was served');
  asked = [];
  ok((await callm('pull', 'mine')).code === 0 && !asked.length, 'a second pull has nothing to do', asked);
  const m = await list('mine');
  ok(m.state === 'ready' && m.licence === 'MIT' && m.download_bytes === bytes.length, 'list --json tells it', m);
  ok((await callm('verify')).code === 0, 'verify finds it fine');
  const use = await callm('use', 'llm', 'mine');
  ok(use.code === 0 && (await list('mine')).chosen, 'use chooses it', use.err);
  const spoilt = Buffer.from(bytes);
  spoilt[1234] ^= 1;
  writeFileSync(file, spoilt);
  const v = await callm('verify', 'mine');
  ok(v.code === 1 && /mine is damaged: w\.gguf .*callm models pull mine/.test(v.err), 'verify finds damage, with its mend', v.err);
  ok((await list('mine')).state === 'broken', 'and list says broken');
  ok((await callm('pull', 'mine')).code === 0 && (await callm('verify')).code === 0, 'pull mends it');
}

async function mistakes() {
  const wrong = await callm('pull', 'other');
  ok(wrong.code === 1 && /other contents than pinned/.test(wrong.err), 'other contents than pinned are refused', wrong.err);
  const none = await callm('pull', 'nobody');
  ok(none.code === 1 && /known are .*kokoro/.test(none.err), 'an unknown name lists the known ones', none.err);
  const role = await callm('use', 'asr', 'mine');
  ok(role.code === 1 && /callm models use llm mine/.test(role.err), 'another role is told the right one', role.err);
  for (const args of [[], ['nonsense'], ['use', 'llm'], ['list', 'x']]) {
    const r = await callm(...args);
    ok(r.code === 2 && r.err.length > 0, `callm models ${args.join(' ')}: usage on stderr, exit 2`, `${r.code}: ${r.err}`);
  }
  writeFileSync(join(temp, 'own.yaml'), `models:\n${entry('mine', 'http://127.0.0.1/x', 'abc')}`);
  const bad = await callm('list');
  ok(bad.code === 1 && /own\.yaml:9:models\[0\]\.sources\[0\]\.sha256: /.test(bad.err), 'a mistake is named by file, line and key', bad.err);
}

await main(async () => {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await new Promise((r) => server.once('listening', r));
  const at = `http://127.0.0.1:${server.address().port}`;
  writeFileSync(join(temp, 'own.yaml'), `models:\n${entry('mine', `${at}/cut`, sha)}${entry('other', `${at}/x`, '0'.repeat(64))}`);
  await pulling();
  await mistakes();
  server.close();
  server.closeAllConnections();
});
