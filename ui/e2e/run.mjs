/* Runs every scenario, one after another. Without CALLM_URL the mock server is
 * started for it. Last line: "N passed, N failed". */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const here = import.meta.dirname;
const env = { ...process.env };
let mock = null;
if (!env.CALLM_URL) {
  env.PORT ??= '8091';
  env.CALLM_URL = `http://127.0.0.1:${env.PORT}`;
  env.CALLM_EXPECT_SPEECH = '1';
  mock = spawn(process.execPath, [join(here, '../dev/mock.mjs')], { env, stdio: ['ignore', 'pipe', 2] });
  await once(mock.stdout, 'data');
}
const asked = process.argv.slice(2);
const names = asked.length ? asked : ['chat_en', 'chat_zh', 'console_live', 'service', 'approvals', 'desk_keys', 'board', 'talk'];
let passed = 0;
for (const n of names) {
  const p = spawn(process.execPath, [join(here, `${n}.mjs`)], { env, stdio: 'inherit' });
  const [code] = await once(p, 'exit');
  if (code === 0) passed++;
}
mock?.kill();
console.log(`${passed} passed, ${names.length - passed} failed`);
process.exit(passed === names.length ? 0 : 1);
