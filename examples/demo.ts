// Twelve calls over one connection between Halfpipe's client and Halfpipe's server, on real sockets: what goes out when, what comes
// back, what the connection is still good for, and what may be repeated of what it lost. Run by `npm start`.

import { createHash } from 'node:crypto';
import { setTimeout as later } from 'node:timers/promises';
import { styleText } from 'node:util';
import {
  type CallOptions,
  Connection,
  type Handler,
  type IncomingRequest,
  listen,
  type Open,
  open,
  type Reply,
  RetryError,
  type Transport,
} from '@halfpipe/node';

const encoder = new TextEncoder();
const colours = process.stdout.isTTY === true && process.stdout.hasColors() && process.env.NO_COLOR === undefined;
type Style = Parameters<typeof styleText>[0];
const paint = (style: Style, text: string) => (colours ? styleText(style, text) : text);

// ── the server ──

const replies: Record<string, (request: IncomingRequest) => Reply | Promise<Reply>> = {
  'GET /greeting': () => ({
    headers: [['Content-Type', 'text/plain']],
    body: 'Hello from the other end of the pipe.\n',
  }),
  'HEAD /greeting': () => ({
    headers: [['Content-Type', 'text/plain']],
    body: 'Hello from the other end of the pipe.\n',
  }),
  'GET /numbers': () => {
    const sum = createHash('sha256');
    return { body: numbers(sum), trailers: () => [['Digest', sum.digest('hex').slice(0, 12)]] };
  },
  'GET /hints': async (request) => {
    request.inform(103, [['Link', '</style.css>; rel=preload']]);
    await later(15);
    return { body: 'The page that the hints were for.\n' };
  },
  'GET /slow': async () => {
    await later(30);
    return { body: 'Worth the wait.\n' };
  },
  'POST /upload': async (request) => {
    let size = 0;
    const sum = createHash('sha256');
    for await (const bytes of request.body) {
      size += bytes.length;
      sum.update(bytes);
    }
    return { status: 201, body: `${size} bytes, sha256 ${sum.digest('hex').slice(0, 12)}\n` };
  },
  'PUT /missing': () => ({ status: 404, body: 'No such place; your upload was not read.\n' }),
  'DELETE /old': () => ({ status: 204 }),
  'POST /orders': async (request) => ({ status: 201, body: `Ordered: ${await request.body.text()}\n` }),
  'GET /goodbye': () => ({ headers: [['Connection', 'close']], body: 'That was the last one.\n' }),
};

const handler: Handler = (request) => {
  const path = request.target.replace(/\?.*/, '');
  return replies[`${request.method} ${path}`]?.(request) ?? { status: 404, body: 'Not found\n' };
};

async function* numbers(sum: { update(bytes: Uint8Array): unknown }): AsyncGenerator<Uint8Array> {
  for (let i = 1; i <= 5; i++) {
    const bytes = encoder.encode(`${i}\n`);
    sum.update(bytes);
    yield bytes;
    await later(3);
  }
}

// ── the calls ──

async function* upload(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < 8; i++) {
    yield new Uint8Array(16 * 1024).fill(i);
    await later(2);
  }
}

const plan: readonly (readonly [method: string, path: string, note: string, options?: CallOptions])[] = [
  ['GET', '/greeting', 'the first response decides'],
  ['HEAD', '/greeting', 'a head alone'],
  ['GET', '/numbers', 'chunked, with trailers'],
  ['GET', '/hints', '103 before 200'],
  ['GET', '/slow', 'those behind it wait'],
  ['POST', '/upload', 'streamed in chunks; alone, since not idempotent', { body: upload() }],
  ['PUT', '/missing', 'an early 404, body unread', { body: new Uint8Array(20_000) }],
  ['DELETE', '/old', '204'],
  ['POST', '/orders', 'alone again', { body: 'one pipe' }],
  ['GET', '/goodbye', 'the server closes'],
  ['GET', '/greeting', 'pipelined behind it'],
  ['POST', '/orders', 'held back', { body: 'two pipes' }],
];

interface Row {
  readonly id: number;
  readonly method: string;
  readonly target: string;
  readonly note: string;
  readonly options: CallOptions;
  queued: number;
  sent: number | null;
  head: number | null;
  end: number | null;
  result: string;
  lost: RetryError | null;
}

const rows: Row[] = plan.map(([method, path, note, options = {}], i) => ({
  id: i + 1,
  method,
  target: `${path}?${i + 1}`,
  note,
  options,
  queued: 0,
  sent: null,
  head: null,
  end: null,
  result: '',
  lost: null,
}));

// ── what there is to see ──

let began = performance.now();
const now = () => performance.now() - began;
const notes: string[] = [];

/** The same transport, watched: the driver takes anything that has this shape. */
function watched(transport: Transport, seen: (bytes: Uint8Array) => void, moved: () => void): Transport {
  return {
    halfClose: transport.halfClose,
    start: (sink) =>
      transport.start({
        bytes: (bytes) => {
          sink.bytes(bytes);
          moved();
        },
        end: (eof) => sink.end(eof),
        writable: () => sink.writable(),
        closed: (cause) => sink.closed(cause),
      }),
    write: (bytes) => {
      seen(bytes);
      return transport.write(bytes);
    },
    pause: () => transport.pause(),
    resume: () => transport.resume(),
    end: () => transport.end(),
    destroy: (cause) => transport.destroy(cause),
  };
}

function markSent(bytes: Uint8Array): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  for (const row of rows) {
    if (row.sent === null && text.includes(`${row.method} ${row.target} HTTP/1.1\r\n`)) row.sent = now();
  }
}

async function make(connection: Connection, origin: string, row: Row): Promise<void> {
  row.queued = now();
  try {
    const response = await connection.call(row.method, origin + row.target, {
      ...row.options,
      onInformational: (head) =>
        notes.push(`${time(now())}  #${row.id} ${head.status} ${head.reason}: ${head.headers.get('Link')}`),
    });
    row.head = now();
    const body = await response.body.text();
    const trailers = await response.trailers;
    row.end = now();
    const extra = trailers === null ? '' : ` + ${[...trailers].map(([name, value]) => `${name}: ${value}`).join(', ')}`;
    row.result = `${response.status} ${body.length} bytes${extra}`;
  } catch (error) {
    row.end = now();
    if (!(error instanceof RetryError)) throw error;
    row.lost = error;
    row.result = `lost: ${error.why}`;
  }
}

const listener = await listen(handler);
if (!('port' in listener.address)) throw new Error('Cannot go on: the server is not on a port');
const { host, port } = listener.address;
const origin = `http://${host}:${port}`;

let verdict = '';
let connection: Connection | null = null;
function noteVerdict(): void {
  if (connection === null) return;
  const { persistence } = connection;
  const said = persistence.verdict === 'close' ? `close (${persistence.reason})` : persistence.verdict;
  if (said === verdict) return;
  verdict = said;
  notes.push(`${time(now())}  persistence: ${said}`);
}

const dial: Open = async (signal) => watched(await open(origin)(signal), markSent, noteVerdict);
began = performance.now();
connection = Connection.create(dial, { onClosed: () => void notes.push(`${time(now())}  the connection is closed`) });
noteVerdict();
await Promise.all(rows.map((row) => make(connection as Connection, origin, row)));
const whole = now();

console.log(paint('bold', `\nTwelve calls, made at once, over one connection to ${origin}\n`));
console.log(paint('dim', '  #  call                    queued    sent    head     end'));
for (const row of rows) {
  const times = [row.queued, row.sent, row.head, row.end].map((at) => time(at)).join(' ');
  const name = `${row.method} ${row.target}`.padEnd(22);
  console.log(`${String(row.id).padStart(3)}  ${paint('cyan', name)} ${times}  ${bar(row)}  ${verdictColour(row)}`);
  console.log(paint('dim', `     ${row.note}`));
}
console.log(paint('dim', `\n  times in milliseconds since the first call; ${legend()}`));

console.log(paint('bold', '\nThe connection'));
for (const note of notes) console.log(`  ${note}`);

const lost = rows.filter((row) => row.lost !== null);
console.log(paint('bold', '\nLost, and what may be repeated'));
for (const { id, method, target, lost: error } of lost) {
  console.log(
    `  #${id} ${method} ${target}: ${paint('yellow', error?.retry ?? '')}, since it is ${error?.why} (${error?.bytesSent} bytes of it were sent)`,
  );
}

const second = Connection.create(open(origin));
const repeatable = lost.filter(
  ({ lost: error, method }) => error?.retry === 'safe' || (error?.retry === 'if-idempotent' && method === 'GET'),
);
console.log(paint('bold', '\nRepeated on a second connection'));
await Promise.all(
  repeatable.map(async ({ id, method, target, options }) => {
    const response = await second.call(method, origin + target, options);
    console.log(
      `  #${id} ${method} ${target}: ${paint('green', `${response.status} ${response.reason}`)}  ${(await response.body.text()).trim()}`,
    );
  }),
);
second.shutdown();
await listener.shutdown({ grace: 1_000 });
if (lost.length !== 2 || repeatable.length !== 2) throw new Error(`Cannot be right: ${lost.length} calls were lost`);

// ── how it looks ──

function time(at: number | null): string {
  return at === null ? '      –' : at.toFixed(1).padStart(7);
}

function bar({ queued, sent, head, end }: Row): string {
  const width = 36;
  const at = (moment: number) => Math.round((Math.min(moment, whole) / whole) * width);
  const marks = [at(queued), at(sent ?? end ?? whole), at(head ?? end ?? whole), at(end ?? whole)] as const;
  const waiting = paint('dim', '·'.repeat(marks[1] - marks[0]));
  const sending = paint('blue', '─'.repeat(marks[2] - marks[1]));
  const answer = paint('green', '█'.repeat(marks[3] - marks[2]));
  return `${' '.repeat(marks[0])}${waiting}${sending}${answer}${' '.repeat(width - marks[3])}`;
}

function legend(): string {
  return '· waiting  ─ sent  █ being answered';
}

function verdictColour(row: Row): string {
  if (row.lost !== null) return paint('yellow', row.result);
  return paint(row.result.startsWith('2') ? 'green' : 'red', row.result);
}
