/* mcp.mjs: what a call of our functions costs over standard streams: a fresh demo folder, one call after another.
 *
 *	node bench/mcp.mjs [build/callm]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const questions = ['怎么退货', 'How long does delivery take?', '运费多少', 'When does my refund arrive?', '发票怎么开', 'How do I cancel my order?'];
const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const dir = mkdtempSync(join(tmpdir(), 'callm-mcp-'));
const child = spawn(process.argv[2] ?? 'build/callm', ['mcp', 'serve', '--data', dir], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout });
let id = 0;

async function call(name, args) {
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params: { name, arguments: args, _meta: meta } })}\n`);
  const [line] = await once(lines, 'line');
  const answer = JSON.parse(line);
  if (answer.id !== id || answer.result?.isError !== false) throw new Error(line);
}

await call('kb_search', { query: questions[0] });
for (const [name, key, n] of [['kb_search', 'query', 2000], ['ask', 'text', 500]]) {
  const took = [];
  for (let i = 0; i < n; i++) {
    const t0 = performance.now();
    await call(name, { [key]: questions[i % questions.length] });
    took.push(performance.now() - t0);
  }
  took.sort((a, b) => a - b);
  console.log(`${name}: median ${took[n >> 1].toFixed(2)} ms, p99 ${took[Math.floor(n * 0.99)].toFixed(2)} ms (${n} calls)`);
}
child.stdin.end();
await once(child, 'close');
rmSync(dir, { recursive: true });
