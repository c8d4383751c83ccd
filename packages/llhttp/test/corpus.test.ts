// The corpus of the core, read with the second opinion: nothing that was refused is let in, nothing is read otherwise, and whatever
// the second opinion refuses is so for a reason that is listed.

import type { SecondOpinion } from '@halfpipe/core';
import { chunks } from '../../core/test/corpus/chunks.ts';
import { connections } from '../../core/test/corpus/connections.ts';
import { exchanges } from '../../core/test/corpus/exchanges.ts';
import { fields } from '../../core/test/corpus/fields.ts';
import { framing } from '../../core/test/corpus/framing.ts';
import { responses } from '../../core/test/corpus/responses.ts';
import { routing } from '../../core/test/corpus/routing.ts';
import { startLines } from '../../core/test/corpus/start-line.ts';
import { ascii, readRequests, readResponses, textOf } from '../../core/test/pair.ts';
import { secondOpinion } from '../src/index.ts';

const known = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) /;

/** What the core takes and llhttp refuses, or frames otherwise, by the head. */
const reasons: Readonly<Record<string, (head: string) => boolean>> = {
  'methods are any tokens (RFC 9110 §9.1); llhttp has a table of them': (head) =>
    !/^HTTP/.test(head) && !known.test(head),
  'a higher minor version reads as the highest known (RFC 9110 §2.5); llhttp takes 1.0 and 1.1': (head) =>
    /HTTP\/1\.[2-9]/.test(head) && (known.test(head) || /^HTTP/.test(head)),
  'a scheme may have more than letters (RFC 3986 §3.1); llhttp takes letters': (head) =>
    /^[A-Z]+ [a-z]+[0-9+.-][a-z0-9+.-]*:\/\//.test(head),
  'white space around a value may be tabs (RFC 9110 §5.6.3); llhttp takes spaces behind what frames a message': (
    head,
  ) => /^(?:content-length|transfer-encoding):.*\S *\t[ \t]*$/im.test(head.replaceAll('\r', '')),
  'both fields are ignored in a 2xx to CONNECT (RFC 9110 §9.3.6); llhttp does not know the request': (head) =>
    /^HTTP\/1\.. 2\d\d/.test(head) && /^content-length:/im.test(head) && /^transfer-encoding:/im.test(head),
};

interface Read {
  readonly name: string;
  readonly alone: readonly string[];
  readonly together: readonly string[];
  /** The head that the second opinion was asked about last. */
  readonly head: string;
}

function readBothWays(name: string, read: (options: object) => { events: string[] }): Read {
  let head = '';
  const ask = secondOpinion();
  const opinion: SecondOpinion = (bytes, kind) => {
    head = textOf(bytes);
    return ask(bytes, kind);
  };
  return { name, alone: read({}).events, together: read({ secondOpinion: opinion }).events, head };
}

const requestTables = [...startLines, ...routing, ...fields, ...framing, ...chunks, ...connections];
const responseTables = [...responses, ...exchanges];
const all: readonly Read[] = [
  ...requestTables.flatMap(({ section, rows }) =>
    rows.map(([name, bytes, , run = {}]) =>
      readBothWays(`${section} / ${name}`, (options) =>
        readRequests([ascii(bytes)], { ...run, options: { ...run.options, ...options } }),
      ),
    ),
  ),
  ...responseTables.flatMap(({ section, rows }) =>
    rows.map(([name, bytes, , run = {}]) =>
      readBothWays(`${section} / ${name}`, (options) =>
        readResponses([ascii(bytes)], { ...run, options: { ...run.options, ...options } }),
      ),
    ),
  ),
];

const disagrees = ({ together }: Read) => together.some((event) => /^(?:error|closed) ERR_SECOND_OPINION/.test(event));
const refused = all.filter(disagrees);

test('there is a corpus', () => {
  expect(all.length).toBeGreaterThan(600);
});

test('where the second opinion agrees, all is read as without it', () => {
  for (const { together, alone } of all.filter((read) => !disagrees(read))) expect(together).toEqual(alone);
});

test('where it does not, all before that is read as without it, and nothing behind', () => {
  for (const { alone, together } of refused) {
    const before = together.findIndex((event) => event.includes('ERR_SECOND_OPINION'));
    expect(together.slice(0, before)).toEqual(alone.slice(0, before));
    expect(together.slice(before + 1).filter((event) => !event.startsWith('lost '))).toEqual([]);
  }
});

test('whatever it refuses is so for a reason that is listed, and each of these for some', () => {
  const because = (read: Read) => Object.keys(reasons).filter((reason) => reasons[reason]?.(read.head));
  expect(refused.filter((read) => because(read).length !== 1).map(({ name, head }) => [name, head])).toEqual([]);
  expect(new Set(refused.flatMap(because))).toEqual(new Set(Object.keys(reasons)));
});

describe('of what a relaxation of the core lets in', () => {
  const options = { secondOpinion: secondOpinion() };

  test.each([
    ['missing-host', 'nothing', 'GET / HTTP/1.1\r\nX: y\r\n\r\n'],
    ['bare-lf', 'all', 'GET / HTTP/1.1\nHost: x\n\n'],
    ['obs-fold', 'all', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n'],
    ['space-before-colon', 'all', 'GET / HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n'],
    ['leading-whitespace', 'all', 'GET / HTTP/1.1\r\n X: a\r\nHost: x\r\n\r\n'],
    ['non-ascii-target', 'all', 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ] as const)('%s: the second opinion refuses %s', (relaxation, what, bytes) => {
    const relaxed = { relax: [relaxation] };
    const [alone] = readRequests([ascii(bytes)], { options: relaxed }).events;
    const [together] = readRequests([ascii(bytes)], { options: { ...options, ...relaxed } }).events;
    expect(alone).toMatch(/^request /);
    const refusal = 'error ERR_SECOND_OPINION 400: Cannot accept the head: the second opinion refuses it';
    expect(together).toBe(what === 'nothing' ? alone : refusal);
  });
});
