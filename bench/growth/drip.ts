// What a peer, or a queue, can make us do must cost in proportion to its size and no more, or little input could keep us busy: bytes that
// come one at a time, many small things at once, long queues. Each size is twice the one before it, so the ratios stay near 2; a quadratic
// cost would show 4.

import { ClientConnection, type Relaxation, ServerConnection } from '@halfpipe/core';
import type { Family, Settings } from '../harness/family.ts';
import { ascii } from '../harness/messages.ts';
import { roundsOf } from '../harness/pace.ts';
import { median, type Report, type Result, type Row } from '../harness/report.ts';
import { answer, asked, cutToBytes, exchanged, get, pullAll, served, smallest, writes } from './feed.ts';

/** Work of a size, made ready; what is returned does it once. */
type Work = (size: number) => () => void;

interface Queue {
  readonly title: string;
  readonly unit: string;
  readonly least: number;
  readonly works: Readonly<Record<string, Work>>;
}

const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
const field = `X-Field: ${'a'.repeat(21)}\r\n`;

/** Requests of `size` bytes, more or less, in the place that the name says. */
const requests: Readonly<Record<string, (size: number) => string>> = {
  'a target': (size) => `GET /${'a'.repeat(size)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'a field value': (size) => `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(size)}\r\n\r\n`,
  'fields of 32 bytes': (size) => `GET / HTTP/1.1\r\nHost: x\r\n${field.repeat(size / 32)}\r\n`,
  'fields of 4 bytes': (size) => `GET / HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(size / 4)}\r\n`,
  'Connection, many times': (size) => `GET / HTTP/1.1\r\nHost: x\r\n${'Connection: a\r\n'.repeat(size / 15)}\r\n`,
  'a chunk extension': (size) => `${chunked}1;a=${'a'.repeat(size)}\r\nx\r\n0\r\n\r\n`,
  'chunks of 1 byte': (size) => `${chunked}${'1\r\nx\r\n'.repeat(size / 6)}0\r\n\r\n`,
  'trailers of 32 bytes': (size) => `${chunked}0\r\n${field.repeat(size / 32)}\r\n`,
  'a body': (size) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size)}`,
  'pipelined requests': (size) => smallest.repeat(size / smallest.length),
};

const responses: Readonly<Record<string, (size: number) => string>> = {
  'a response head': (size) => `HTTP/1.1 200 OK\r\n${field.repeat(size / 32)}Content-Length: 0\r\n\r\n`,
  'a reason': (size) => `HTTP/1.1 200 ${'a'.repeat(size)}\r\nContent-Length: 0\r\n\r\n`,
  'interim responses': (size) => `${'HTTP/1.1 103 \r\n\r\n'.repeat(size / 17)}${answer}`,
  'pipelined responses': (size) => answer.repeat(size / answer.length),
};

// All of a body that is here is one view of it, whatever its size.
const { 'a body': _, ...proportional } = requests;

const folded: readonly Relaxation[] = ['obs-fold'];
const spaces = (size: number) => `GET / HTTP/1.1\r\nHost: x\r\nX: a${' '.repeat(size)}b\r\n c\r\n\r\n`;
const folds = (count: number) => `GET / HTTP/1.1\r\nHost: x\r\nX: a${'\r\n b'.repeat(count)}\r\n\r\n`;

const dripping: Queue = {
  title: 'a byte at a time',
  unit: 'ns a byte',
  least: 2 ** 15,
  works: {
    ...worksOf(requests, (text) => served(cutToBytes(ascii(text)))),
    ...worksOf(responses, (text) => asked(cutToBytes(ascii(text)), text)),
  },
};

const pouring: Queue = {
  title: 'all at once',
  unit: 'ns a byte',
  least: 2 ** 18,
  works: {
    ...worksOf(proportional, (text) => served([ascii(text)])),
    ...worksOf(responses, (text) => asked([ascii(text)], text)),
    'spaces in a folded value': (size) => served([ascii(spaces(size))], folded),
  },
};

const queueing: Queue = {
  title: 'many of them',
  unit: 'ns each',
  least: 25_000,
  works: {
    'pieces of input that are pulled late': (size) => {
      const pieces = cutToBytes(ascii(smallest.repeat(Math.ceil(size / smallest.length)).slice(0, size)));
      return () => {
        const server = new ServerConnection();
        for (const piece of pieces) server.receive(piece);
        pullAll(server);
      };
    },
    'lines of a folded value': (size) => served([ascii(folds(size))], folded),
    'requests in a queue, one in flight': (size) => () => exchanged(size, { maxInFlight: 1 }),
    'requests in a queue, 16 in flight': (size) => () => exchanged(size, { maxInFlight: 16 }),
    'requests in a queue, all in flight': (size) => () => exchanged(size, { maxInFlight: Number.POSITIVE_INFINITY }),
    'requests that overtake those of unknown length': (size) => () => {
      const client = new ClientConnection();
      for (let i = 0; i < size / 2; i++) client.startRequest({ ...get, method: 'PUT' });
      for (let i = 0; i < size / 2; i++) client.request(get);
    },
    'requests that are given up, the last first': (size) => () => {
      const client = new ClientConnection({ maxInFlight: 1 });
      const exchanges = Array.from({ length: size }, () => client.request(get));
      for (let exchange = exchanges.pop(); exchange !== undefined; exchange = exchanges.pop()) exchange.abandon();
    },
    'requests that are lost': (size) => () => {
      const client = new ClientConnection();
      for (let i = 0; i < size; i++) client.request(get);
      client.abort();
      while (client.nextEvent() !== null);
    },
    'writes of 1 byte': (size) => () => writes(size, 1, 1),
    'writes of 2 KiB': (size) => () => writes(size, 2048, 1),
    'writes of 1 byte by two connections in turns': (size) => () => writes(size, 1, 2),
  },
};

export const drip: Family = async (settings) =>
  [dripping, pouring, queueing].map((family) => measure(family, settings));

function measure({ title, unit, works, least: whole }: Queue, { pace }: Settings): Report {
  const least = pace === 'full' ? whole : whole / 4;
  const rows: Row[] = [];
  for (const [work, make] of Object.entries(works)) {
    const sizes = [least, 2 * least, 4 * least];
    const runs = sizes.map((size) => make(size));
    const nanoseconds = sizes.map((): number[] => []);
    if (pace !== 'smoke') for (let i = 0; i < 6; i++) for (const run of runs.slice(0, 2)) run(); // to warm up
    for (let round = 0; round < Math.min(5, roundsOf(pace)); round++) {
      for (const [i, run] of runs.entries()) {
        const repeats = pace === 'smoke' ? 1 : 4 >> i; // so that each turn has as much to do
        // The time of the processor, collecting garbage included: another program may take as much of the clock's as it likes.
        const start = process.cpuUsage();
        for (let repeat = 0; repeat < repeats; repeat++) run();
        const { user, system } = process.cpuUsage(start);
        nanoseconds[i]?.push(((user + system) * 1000) / (least * repeats * 2 ** i));
      }
    }
    const names = ['n', '2n', '4n'];
    const ratios = [ratio('2n / n', nanoseconds, 1), ratio('4n / 2n', nanoseconds, 2)];
    rows.push({ work, results: [...nanoseconds.map((rounds, i) => ({ peer: names[i] ?? '', rounds })), ...ratios] });
    // One round is no measurement.
    if (pace !== 'smoke' && ratios.every((ratio) => median(ratio.rounds) > 3)) {
      console.error(`The cost of ${work}, ${title}, grows faster than its size`);
      process.exitCode = 1;
    }
  }
  const beside = ['2n / n', '4n / 2n'];
  const whatFor = `${unit}, and how the whole time grows when the size doubles`;
  return { family: 'growth', title: `${title}, n = ${least}`, unit: whatFor, better: null, beside, rows };
}

/** How much longer the size `i` takes than the one before it, round by round. */
function ratio(name: string, nanoseconds: readonly number[][], i: number): Result {
  const before = nanoseconds[i - 1] ?? [];
  const values = (nanoseconds[i] ?? []).map((value, round) => (2 * value) / (before[round] ?? Number.NaN));
  return { peer: name, rounds: values };
}

function worksOf(texts: Readonly<Record<string, (size: number) => string>>, work: (text: string) => () => void) {
  return Object.fromEntries(
    Object.entries(texts).map(([name, write]): [string, Work] => [name, (size) => work(write(size))]),
  );
}
