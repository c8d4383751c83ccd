// What servers are asked, and what they answer. The same for all of them, whatever fields they add of their own.

export interface Request {
  readonly target: string;
  readonly method: 'GET' | 'POST';
  readonly upload: string;
  /** The body that is answered. */
  readonly answer: string;
}

const form = 'a=b&'.repeat(256);

export const requests = {
  'GET of 13 B': { method: 'GET', target: '/hello', upload: '', answer: 'Hello, world!' },
  'GET of 16 KiB': { method: 'GET', target: '/page', upload: '', answer: 'page '.repeat(3277).slice(0, 16_384) },
  'POST of 1 KiB': { method: 'POST', target: '/form', upload: form, answer: `Read ${form.length} bytes` },
} as const satisfies Readonly<Record<string, Request>>;

/** One way to load a server. */
export interface Load {
  readonly request: keyof typeof requests;
  readonly connections: number;
  /** Requests that are written at once, the next as many when all are answered. */
  readonly depth: number;
}

const asked = Object.keys(requests) as Load['request'][]; // the keys of an object whose type lists them all

export const loads: readonly Load[] = asked.flatMap((request) =>
  [1, 64, 256].flatMap((connections) => [1, 16].map((depth) => ({ request, connections, depth }))),
);

/** Enough to compare the servers of a runtime with each other. */
export const fewerLoads = loads.filter(
  ({ request, connections, depth }) =>
    (connections === 64 && (depth === 1 || request !== 'GET of 16 KiB')) ||
    (connections === 1 && request === 'GET of 13 B' && depth === 1),
);

export function nameOf({ request, connections, depth }: Load): string {
  return `${request}, ${connections} connection${connections > 1 ? 's' : ''}${depth > 1 ? `, ${depth} deep` : ''}`;
}

/** The request on the wire. */
export function bytesOf({ method, target, upload }: Request): string {
  const length = upload === '' ? '' : `Content-Length: ${upload.length}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n${length}\r\n${upload}`;
}
