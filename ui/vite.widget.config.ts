import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/* The embeddable button: one classic script without imports, unhashed at the
 * root of dist so that its address on customers' sites never changes. */
export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2020',
    outDir: 'dist',
    emptyOutDir: false,
    reportCompressedSize: false,
    lib: {
      entry: resolve(import.meta.dirname, 'src/widget/widget.ts'),
      formats: ['iife'],
      name: 'callmWidget',
      fileName: () => 'widget.js',
    },
  },
});
