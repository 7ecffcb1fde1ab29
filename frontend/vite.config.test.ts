import { createServer as createGateway } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build, createServer } from 'vite';
import { afterEach, expect, test, vi } from 'vitest';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** The address of something that answers with the headers it was asked with. */
async function startGateway(): Promise<string> {
  const gateway = createGateway((request, response) => {
    response.end(JSON.stringify(request.headers));
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => gateway.close(resolve)));
  return `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
}

async function startPage(): Promise<string> {
  const page = await createServer({
    configFile: `${import.meta.dirname}/vite.config.ts`,
    root: import.meta.dirname,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0, watch: null, hmr: false },
    optimizeDeps: { noDiscovery: true },
  });
  closing.push(() => page.close());
  await page.listen();
  return `http://127.0.0.1:${(page.httpServer?.address() as AddressInfo).port}`;
}

test('the gateway does not take the page under development for another site', async () => {
  vi.stubEnv('GATEWAY_URL', await startGateway());
  const page = await startPage();
  for (const path of ['/api/token', '/heads/index.json']) {
    const answer = await fetch(`${page}${path}`, { headers: { Origin: page } });
    const asked = (await answer.json()) as { host: string; origin: string };
    expect(asked.origin, path).toBe(`http://${asked.host}`);
  }
}, 60_000);

test('the module for pages of other sites does not lean on a file that browsers keep for a year', async () => {
  const made = await build({
    configFile: `${import.meta.dirname}/vite.lip-sync.config.ts`,
    root: import.meta.dirname,
    logLevel: 'silent',
    build: { write: false },
  });
  const files = [made].flat().flatMap((each) => ('output' in each ? each.output : []));
  expect(files).toMatchObject([
    { fileName: 'lip-sync.js', imports: [], dynamicImports: [] },
  ]);
  expect(files[0]).toHaveProperty('exports', expect.arrayContaining(['keepLipSync']));
}, 60_000);
