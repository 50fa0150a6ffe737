/* many.mjs: 500 calls one after another leave no growth in memory or descriptors.
 *
 *	MANY_CALLS=500 node tests/e2e/many.mjs
 *
 * sipp dials, hears a fifth of a second of the greeting, hangs up. The state after the first 50 is compared with the state
 * after all: whatever a call leaks, 450 calls leak 450 times. */
import { children, demo, descriptors, have, main, mediaPort, memory, metric, note, ok, root, join, runAsync, skip, sleep, temp, until } from './lib.mjs';

const CALLS = Number(process.env.MANY_CALLS ?? 500);
const WARM = 50;

async function dial(s, count) {
  const r = await runAsync('sipp', [s.sip, '-sf', join(root, 'tests/e2e/sip/short.xml'), '-s', 'service', '-i', '127.0.0.1',
    '-mi', '127.0.0.1', '-mp', String(await mediaPort()), '-m', String(count), '-l', '1', '-r', '50', '-nostdin', '-timeout', '300s',
    '-timeout_error', '-trace_err', '-error_file', join(temp, 'err')], { cwd: temp, ms: 310000 });
  ok(r.code === 0, `${count} calls one after another, none failed`, r.out.slice(-2000) + r.err);
}

/* Once all calls are over and their last messages are written. */
async function state(s) {
  await until('all calls to be over', async () => (await metric(s, 'callm_calls_active')) === 0);
  await sleep(2000);
  const workers = children(s.pid);
  return { rss: memory(s.pid), fds: descriptors(s.pid), workers: workers.length,
    workers_rss: workers.reduce((sum, w) => sum + memory(w), 0) };
}

await main(async () => {
  if (!have('sipp')) return skip('500 calls', 'package sip-tester is not installed');
  const s = await demo();
  await dial(s, WARM);
  const before = await state(s);
  const t0 = Date.now();
  await dial(s, CALLS - WARM);
  const after = await state(s);
  note(`${CALLS - WARM} calls in ${Date.now() - t0} ms; after ${WARM}: ${JSON.stringify(before)}; after ${CALLS}: ${JSON.stringify(after)}`);
  ok(after.fds <= before.fds + 2, 'no more descriptors', { before, after });
  ok(after.rss <= before.rss + 4096, 'memory grew by at most 4 MiB', { before, after });
  ok(after.workers <= before.workers && after.workers_rss <= before.workers_rss + 8192, 'nor did the workers', { before, after });
  const end = await s.stop();
  ok(end.code === 0, 'the server ends in order', s.err);
});
