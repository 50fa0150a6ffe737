/* Lets node import the .ts sources directly: types are stripped by the bundler's
 * own transformer, nothing is checked here (npm run check does that). Texts are JSON, a worklet is its address, style is nothing. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

export async function load(url, context, next) {
  if (/\.css$/.test(url)) return { format: 'module', source: '', shortCircuit: true };
  if (/\?worker&url$/.test(url)) return { format: 'module', source: `export default ${JSON.stringify(url)}`, shortCircuit: true };
  if (/^file:.*\.json$/.test(url)) return { format: 'module', source: `export default ${await readFile(fileURLToPath(url), 'utf8')}`, shortCircuit: true };
  if (!url.startsWith('file:') || !/\.tsx?$/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const out = await transformWithOxc(await readFile(path, 'utf8'), path);
  return { format: 'module', source: out.code, shortCircuit: true };
}
