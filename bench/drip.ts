// Input that arrives a byte at a time: what it costs must grow with its size and no faster, or a peer that drips could keep us busy. Each
// size is twice the one before it, so the ratios stay near 2; a quadratic cost would show 4.

import { ServerConnection, type ServerOptions } from '@halfpipe/core';
import { ascii } from './messages.ts';
import { type Report, type Row, summarize } from './report.ts';
import { roundsOf, type Settings } from './rounds.ts';

const options: ServerOptions = {
  limits: {
    headSize: 2 ** 24,
    startLineSize: 2 ** 24,
    headers: 2 ** 16,
    trailerSize: 2 ** 24,
    chunkLineSize: 2 ** 24,
    extensionSize: 2 ** 24,
  },
};

const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A request with `size` bytes, more or less, in the place that the name says. */
const requests: Readonly<Record<string, (size: number) => string>> = {
  'a target': (size) => `GET /${'a'.repeat(size)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'a field value': (size) => `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(size)}\r\n\r\n`,
  'fields of 32 bytes': (size) =>
    `GET / HTTP/1.1\r\nHost: x\r\n${`X-Field: ${'a'.repeat(21)}\r\n`.repeat(size / 32)}\r\n`,
  'a chunk extension': (size) => `${chunked}1;a=${'a'.repeat(size)}\r\nx\r\n0\r\n\r\n`,
  'chunks of 1 byte': (size) => `${chunked}${'1\r\nx\r\n'.repeat(size / 6)}0\r\n\r\n`,
  'trailers of 32 bytes': (size) => `${chunked}0\r\n${`X-Field: ${'a'.repeat(21)}\r\n`.repeat(size / 32)}\r\n`,
  'a body': (size) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size)}`,
};

export async function drip(settings: Settings): Promise<Report[]> {
  const least = settings.quick ? 2 ** 13 : 2 ** 15;
  const rounds = roundsOf(settings);
  const times: Row[] = [];
  const growth: Row[] = [];
  for (const [work, write] of Object.entries(requests)) {
    const pieces = [least, 2 * least, 4 * least].map((size) => cutToBytes(ascii(write(size))));
    const nanoseconds = pieces.map((): number[] => []);
    for (let i = 0; i < 6; i++) for (const cut of pieces) feed(cut); // to warm up
    for (let round = 0; round < rounds; round++) {
      for (const [i, cut] of pieces.entries()) {
        const repeats = 4 >> i; // so that each turn feeds as many bytes
        const start = process.hrtime.bigint();
        for (let repeat = 0; repeat < repeats; repeat++) feed(cut);
        nanoseconds[i]?.push(Number(process.hrtime.bigint() - start) / (cut.length * repeats));
      }
    }
    const names = ['n', '2n', '4n'];
    const results = nanoseconds.map((values, i) => summarize(names[i] ?? '', values));
    times.push({ work, results });
    growth.push({ work, results: [ratio('2n / n', nanoseconds, 1), ratio('4n / 2n', nanoseconds, 2)] });
  }
  const common = { family: 'drip', better: null, beside: [], rounds };
  return [
    { ...common, title: `a byte at a time, n = ${least} bytes`, unit: 'ns a byte', rows: times },
    {
      ...common,
      title: 'growth of the whole time when the size doubles',
      unit: '2 is linear',
      rows: growth,
    },
  ];
}

/** How much longer the size `i` takes than the one before it, round by round. */
function ratio(name: string, nanoseconds: readonly number[][], i: number): Row['results'][number] {
  const before = nanoseconds[i - 1] ?? [];
  const values = (nanoseconds[i] ?? []).map((value, round) => (2 * value) / (before[round] ?? Number.NaN));
  return summarize(name, values);
}

// One piece for each value of a byte, so that the pieces of a large message are no further apart in memory than those of a small one.
const singles = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

function cutToBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => singles[byte]!); // a byte is below 256
}

function feed(pieces: readonly Uint8Array[]): void {
  const connection = new ServerConnection(options);
  let ended = false;
  for (const piece of pieces) {
    connection.receive(piece);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'error') throw event.error;
      if (event.type === 'end') ended = true;
    }
  }
  if (!ended) throw new Error('Cannot measure: the request does not end');
}
