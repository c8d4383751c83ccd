// Reading messages: a whole cycle of ours through its public face against parsers alone. Also what ours takes when llhttp reads along.

import { compete } from '../harness/contest.ts';
import type { Family } from '../harness/family.ts';
import { tables, works } from './works.ts';

const peers = ['halfpipe', 'llhttp-wasm', 'http-parser-js', 'node', 'undici', 'milo'];
const beside = ['second opinion', 'head only', 'limit'];

export const parse: Family = async (settings) => {
  const file = new URL('peers.ts', import.meta.url);
  const rows = await compete(Object.keys(works), { file, peers: peersOf, knownWrong, settings });
  return Object.entries(tables).map(([title, own]) => ({
    family: 'parse',
    title,
    unit: 'ns of the processor a message',
    better: 'less',
    beside,
    rows: rows.filter(({ work }) => work in own),
  }));
};

/** The parser of heads takes one whole head at a time, and nothing else. */
function peersOf(work: string): readonly string[] {
  const headsOnly = work.includes('chunk') || work.endsWith('cut');
  return [...peers, ...beside].filter((peer) => peer !== 'head only' || !headsOnly);
}

/** It takes each piece of a field for a field of its own. */
function knownWrong(peer: string, work: string): boolean {
  return peer === 'llhttp-wasm' && work.endsWith('cut') && !work.includes('chunk');
}
