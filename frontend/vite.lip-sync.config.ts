import { defineConfig } from 'vite';

/**
 * `lip-sync.js`, for pages of other sites: docs/own-page.md. One file and no share in the page's chunks,
 * which browsers keep for a year: kept from before a site was allowed, one would be refused there as long.
 */
export default defineConfig({
  publicDir: false,
  build: {
    emptyOutDir: false, // The page is there already.
    lib: { entry: 'src/media/lipSync.ts', formats: ['es'], fileName: 'lip-sync' },
  },
});
