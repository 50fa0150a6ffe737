import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/* Four pages, each with its own entry; shared code lands in common chunks.
 * Nothing is inlined: the pages run under `default-src 'self'`. */
const page = (name: string) => resolve(import.meta.dirname, name);

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        index: page('index.html'),
        chat: page('chat.html'),
        talk: page('talk.html'),
        survey: page('survey.html'),
      },
    },
  },
  worker: { format: 'es' },
});
