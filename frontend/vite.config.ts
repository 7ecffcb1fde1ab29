import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The gateway's port: the same variable as in the gateway's settings.
const GATEWAY = process.env.GATEWAY_URL ?? `http://localhost:${process.env.PORT ?? '8080'}`;

/**
 * As the browser asked: a target alone would have Vite put the gateway's name into `Host`, and to the
 * gateway a page whose `Origin` is not the `Host` is another site's.
 */
const BEHIND = { target: GATEWAY, changeOrigin: false };

export default defineConfig({
  plugins: [react()],
  build: {
    // Nothing inlined as data: URLs, so that a strict Content-Security-Policy holds.
    assetsInlineLimit: 0,
    // livekit-client is one module of about this size; it loads behind the start screen.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'livekit', test: /node_modules\/(livekit-client|@livekit\/protocol)\// }],
        },
      },
    },
  },
  server: {
    proxy: { '/api': BEHIND, '/heads': BEHIND },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', '*.test.ts'],
  },
});
