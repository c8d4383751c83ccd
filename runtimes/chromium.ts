// The suite in Chromium. What is in the page is inside/page.ts.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundle } from './bundle.ts';
import { chromiumPath, playwright } from './installed.ts';
import { relayWebSockets } from './relay.ts';
import type { Line } from './results.ts';

const flags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Runs the suite, with `size` bytes in its large cases, and tells what comes of it. It has so many milliseconds. */
export async function runChromium(size: number, timeLimit: number, tell: (line: Line) => void): Promise<void> {
  const executablePath = chromiumPath();
  const { chromium } = playwright();
  const script = await bundle('inside/page.ts');
  const relay = await relayWebSockets();
  const server = createServer(({ url }, response) => {
    if (url === '/page.js') response.setHeader('Content-Type', 'text/javascript').end(script);
    else response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>The suite</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const browser = await chromium.launch({ executablePath, args: flags });
  try {
    const page = await browser.newPage();
    const broken = new Promise<never>((_, reject) => page.on('pageerror', reject));
    const given = {
      version: browser.version(),
      size,
      relay: `ws://127.0.0.1:${relay.port}/`,
      count: `http://127.0.0.1:${relay.countPort}/`,
    };
    await page.exposeFunction('tell', tell);
    await page.addInitScript((value) => Object.assign(globalThis, { given: value }), given);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.addScriptTag({ url: '/page.js', type: 'module' });
    await Promise.race([page.waitForFunction('globalThis.isOver', undefined, { timeout: timeLimit }), broken]);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
    await relay.close();
  }
}
