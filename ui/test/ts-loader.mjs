/* Lets node import the .ts sources directly: types are stripped by the bundler's
 * own transformer, nothing is checked here (npm run check does that). */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.tsx?$/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const out = await transformWithOxc(await readFile(path, 'utf8'), path);
  return { format: 'module', source: out.code, shortCircuit: true };
}
