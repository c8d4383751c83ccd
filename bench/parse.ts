// Reading messages: a whole cycle of ours through its public face against parsers alone. Ours makes events and an exchange, decides
// framing and persistence, and on the server's side writes a 204; the others only parse. Also what ours takes when llhttp reads along.

import { secondOpinion } from '@halfpipe/llhttp';
import { browserRequest, chunkedRequest, largeRequest, siteResponse, smallRequest, smallResponse } from './messages.ts';
import { client, headOnly, type Kind, limit, peers, server } from './parsers.ts';
import type { Report, Row } from './report.ts';
import { type Contestant, compete, roundsOf, type Settings } from './rounds.ts';

export async function parse(settings: Settings): Promise<Report[]> {
  const heads: Row[] = [];
  for (const message of [smallRequest, browserRequest, largeRequest])
    heads.push(await row(`GET, ${sizeOf(message)}`, 'request', message, settings));
  for (const message of [smallResponse, siteResponse])
    heads.push(await row(`200, ${sizeOf(message)}`, 'response', message, settings));

  const bodies: Row[] = [];
  for (const [size, chunks] of [
    [16, 64],
    [1024, 64],
    [65_536, 16],
  ] as const)
    bodies.push(await row(`${chunks} chunks of ${size} B`, 'request', chunkedRequest(size, chunks), settings));

  const common = { family: 'parse', unit: 'ns', better: 'less' as const, rounds: roundsOf(settings) };
  return [
    { ...common, title: 'a message, whole', beside: ['second opinion', 'head only', 'limit'], rows: heads },
    { ...common, title: 'a chunked request, whole', beside: ['limit'], rows: bodies },
  ];
}

async function row(work: string, kind: Kind, message: Uint8Array, settings: Settings): Promise<Row> {
  const ours = kind === 'request' ? server() : client();
  const contestants: Contestant[] = [{ peer: 'halfpipe', run: () => ours(message) }];
  for (const [peer, make] of Object.entries(peers)) {
    const read = make(kind);
    contestants.push({ peer, run: () => read(message) });
  }
  if (!work.includes('chunk')) {
    const options = { secondOpinion: secondOpinion() };
    const readTwice = kind === 'request' ? server(options) : client(options);
    contestants.push({ peer: 'second opinion', run: () => readTwice(message) });
    const read = headOnly(kind);
    contestants.push({ peer: 'head only', run: () => read(message) });
  }
  const head = Buffer.from(message).indexOf('\r\n\r\n') + 4;
  const floor = limit(message, head);
  const same = ours(message);
  contestants.push({ peer: 'limit', run: () => (floor() === head ? same : 0) });
  return await compete(work, contestants, settings);
}

function sizeOf(message: Uint8Array): string {
  return message.length < 4096 ? `${message.length} B` : `${message.length / 1024} KiB`;
}
