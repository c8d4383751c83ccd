// What a recording is made of: a line about the connection, then a line for each call with its arguments and a line for what came of it,
// all JSON. Knows how values are written and read; nothing of how calls are made.

import type { ClientOptions, Relaxation, ServerOptions } from '@halfpipe/core';
import { bytes as bytesOf, text as textOf } from './octets.ts';

/** The version of recordings that is written, and the only one that is read. */
export const version = 1;

/** Bytes, as text where they are mostly that: a character for each byte. */
export type WrittenBytes = string | { readonly base64: string };

/** The options of a connection as far as they can be written. Numbers that JSON does not know are text, such as "Infinity". */
export interface WrittenOptions {
  limits?: object;
  timeouts?: object;
  relax?: readonly Relaxation[];
  persistent?: boolean;
  maxInFlight?: number;
  continue?: 'auto' | 'manual';
  maxRequests?: number;
  /** There was one; a function cannot be written. */
  secondOpinion?: true;
}

/** The first line. */
export interface Title {
  readonly recording: 'halfpipe';
  readonly version: number;
  readonly role: 'client' | 'server';
  readonly options: WrittenOptions;
}

/** A call, with its arguments by name. Exchanges have numbers, in the order in which they appeared. */
export interface WrittenCall {
  readonly call: string;
  /** The exchange that it was made on, or that it made. */
  readonly exchange?: number;
  readonly [argument: string]: unknown;
}

/** What came of the call before; no line where nothing did. */
export interface WrittenResult {
  /** What nextEvent() gave, by lineOf(), and whose it was. */
  readonly event?: string;
  readonly exchange?: number;
  /** What nextChunk() gave. */
  readonly chunk?: WrittenBytes;
  /** The code of what was thrown, or its name. */
  readonly threw?: string;
}

/** What arguments there are. */
export type Parameter = 'bytes' | 'body' | 'eof' | 'now' | 'head' | 'trailers' | 'cause';

/** The public methods of a connection that are recorded, and their parameters. */
export const connectionCalls: Readonly<Record<string, readonly Parameter[]>> = {
  receive: ['bytes'],
  receiveEnd: ['eof'],
  advance: ['now'],
  nextEvent: [],
  nextChunk: [],
  shutdown: [],
  abort: ['cause'],
  request: ['head', 'body'],
  startRequest: ['head'],
  refuse: ['head', 'body'],
};

/** Those of an exchange. */
export const exchangeCalls: Readonly<Record<string, readonly Parameter[]>> = {
  inform: ['head'],
  respond: ['head', 'body'],
  startResponse: ['head'],
  write: ['bytes'],
  end: ['trailers'],
  abandon: [],
};

/** How arguments are kept, so that they can be looked at twice; written; and read. Those that are undefined are left out. */
export const codecs: Readonly<Record<Parameter, Codec>> = {
  bytes: { written: writeBytes, read: readBytes },
  body: { written: writeBytes, read: readBytes },
  eof: {},
  now: { read: Number },
  head: { kept: keepHead },
  trailers: { kept: keepPairs },
  cause: { written: writeCause, read: (message) => new Error(String(message)) },
};

/** What is absent changes nothing. */
interface Codec {
  readonly kept?: (value: unknown) => unknown;
  readonly written?: (value: unknown) => unknown;
  readonly read?: (written: unknown) => unknown;
}

/** One line, without its end. */
export function writeLine(line: Title | WrittenCall | WrittenResult): string {
  return JSON.stringify(line, (_, value) => {
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  });
}

export function writeOptions(options: ServerOptions & ClientOptions): WrittenOptions {
  const { limits, timeouts, relax, persistent, maxInFlight, continue: continues, maxRequests, secondOpinion } = options;
  return {
    ...(limits !== undefined && { limits }),
    ...(timeouts !== undefined && { timeouts }),
    ...(relax !== undefined && { relax }),
    ...(persistent !== undefined && { persistent }),
    ...(maxInFlight !== undefined && { maxInFlight }),
    ...(continues !== undefined && { continue: continues }),
    ...(maxRequests !== undefined && { maxRequests }),
    ...(secondOpinion !== undefined && { secondOpinion: true }),
  };
}

export function readOptions(written: WrittenOptions): ServerOptions & ClientOptions {
  const { limits, timeouts, maxInFlight, maxRequests, secondOpinion: _, ...others } = written;
  return {
    ...others,
    ...(limits !== undefined && { limits: readNumbers(limits) }),
    ...(timeouts !== undefined && { timeouts: readNumbers(timeouts) }),
    ...(maxInFlight !== undefined && { maxInFlight: Number(maxInFlight) }),
    ...(maxRequests !== undefined && { maxRequests: Number(maxRequests) }),
  };
}

function readNumbers(written: object): Record<string, number> {
  return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, Number(value)]));
}

/** Null for what is no Uint8Array, which the core refuses. */
export function writeBytes(value: unknown): WrittenBytes | null {
  // Not by instanceof: it may come from another realm, as test runners have them.
  if (Object.prototype.toString.call(value) !== '[object Uint8Array]') return null;
  const text = textOf(value as Uint8Array); // as its tag says
  const odd = text.match(/[^\t\r\n -~]/g)?.length ?? 0;
  return odd * 8 <= text.length ? text : { base64: btoa(text) };
}

export function readBytes(written: unknown): Uint8Array | null {
  if (typeof written === 'string') return bytesOf(written);
  const { base64 } = (written ?? {}) as { base64?: unknown }; // anything may have a property, or not
  return typeof base64 === 'string' ? bytesOf(atob(base64)) : null;
}

/** A head whose fields can be read twice. */
function keepHead(value: unknown): unknown {
  const { method, target, status, reason, headers } = value as Record<string, unknown>; // as all heads are
  return {
    ...(method !== undefined && { method }),
    ...(target !== undefined && { target }),
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
    ...(headers !== undefined && { headers: keepPairs(headers) }),
  };
}

function keepPairs(value: unknown): unknown {
  return Array.from(value as Iterable<readonly [string, string]>, ([name, text]) => [name, text]); // as all HeaderPairs are
}

function writeCause(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'object' ? 'an object' : String(cause);
}
