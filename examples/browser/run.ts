// Serves the two pages, and what they talk to: a tunnel from WebSocket to TCP, and a TCP server behind it, both on 127.0.0.1. Given a port, it
// serves until it is interrupted, for any browser; without one, it opens both pages in Chromium, prints what they show, and ends.
// esbuild and playwright-core are those of the runtimes: `npm ci --prefix runtimes`, then `npm run example examples/browser/run.ts`.

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect as dialTcp } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type IncomingRequest, listen, type Reply } from '@halfpipe/node';
import { WebSocketServer } from 'ws';

const require = createRequire(new URL('../../runtimes/', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const port = process.argv[2];

const tcp = await listen(handle);
const tcpPort = 'port' in tcp.address ? tcp.address.port : 0;
const scripts = await bundle();
const web = createServer(async (request, response) => {
  const name = request.url === '/' ? 'message-port.html' : (request.url ?? '').slice(1);
  const script = scripts.get(name);
  if (script !== undefined) response.setHeader('Content-Type', 'text/javascript').end(script);
  else if (pages.includes(name)) response.setHeader('Content-Type', 'text/html').end(await readFile(here + name));
  else response.writeHead(404).end();
});
const pages = ['message-port.html', 'tunnel.html'];
const tunnels = tunnel(web);
await new Promise<void>((resolve) => web.listen(Number(port ?? 0), '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`; // not a path

if (port !== undefined) {
  console.log(`Open ${pages.map((page) => `${origin}/${page}`).join(' and ')}`);
} else {
  await look();
  tunnels.close();
  web.close();
  web.closeAllConnections();
  await tcp.close();
}

/** The TCP server: plain HTTP, with an interim response, and a trailer behind each body. */
function handle(request: IncomingRequest): Reply {
  request.inform(103, [['Link', '</style.css>; rel=preload']]);
  return {
    headers: [
      ['x-lower', '1'],
      ['X-UPPER', '2'],
      ['Trailer', 'X-Sum'],
    ],
    body: [new TextEncoder().encode(`You sent ${request.headers.get('Cookie')} for ${request.target}`)],
    trailers: () => [['X-Sum', '3']],
  };
}

/** Each WebSocket is one TCP connection, always to the same server: a tunnel to anywhere would be an open proxy. */
function tunnel(server: Server): WebSocketServer {
  const sockets = new WebSocketServer({ server, path: '/tunnel' });
  sockets.on('connection', (webSocket) => {
    const socket = dialTcp(tcpPort, '127.0.0.1');
    webSocket.on('message', (bytes: Buffer) => socket.write(bytes));
    webSocket.on('close', () => socket.destroy());
    socket.on('data', (bytes) => webSocket.send(bytes));
    socket.on('end', () => webSocket.close(1000));
    socket.on('error', () => webSocket.close(1011));
  });
  return sockets;
}

async function bundle(): Promise<Map<string, Uint8Array>> {
  interface Built {
    readonly outputFiles: readonly { readonly path: string; readonly contents: Uint8Array }[];
  }
  const { build } = require('esbuild') as { build(options: object): Promise<Built> };
  const { outputFiles } = await build({
    entryPoints: ['message-port.ts', 'message-port-server.ts', 'tunnel.ts'].map((name) => here + name),
    outdir: here,
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'error',
  });
  return new Map(outputFiles.map(({ path, contents }) => [path.slice(here.length), contents]));
}

async function look(): Promise<void> {
  const { chromium } = require('playwright-core') as { chromium: { launch(options: object): Promise<Browser> } };
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', console.error);
    for (const name of pages) {
      await page.goto(`${origin}/${name}`);
      await page.waitForFunction(() => document.querySelector('#log')?.textContent?.endsWith('Closed\n'));
      console.log(`${await page.title()}\n${await page.locator('#log').textContent()}`);
    }
  } finally {
    await browser.close();
  }
}

// As much of playwright-core's face as is used here.

interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Page {
  on(event: 'pageerror', listener: (error: Error) => void): void;
  goto(url: string): Promise<unknown>;
  waitForFunction(predicate: () => unknown): Promise<unknown>;
  title(): Promise<string>;
  locator(selector: string): { textContent(): Promise<string | null> };
}
