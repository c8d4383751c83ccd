// Runs a recording again, on a connection of this core, and compares. Same calls, same time; so also the same events and bytes, unless
// the core has changed, or the recording.

import {
  ClientConnection,
  type ClientEvent,
  type SecondOpinion,
  ServerConnection,
  type ServerEvent,
} from '@halfpipe/core';
import { difference } from './difference.ts';
import { lineOf } from './events.ts';
import { text } from './octets.ts';
import { codeOf } from './recording.ts';
import {
  codecs,
  connectionCalls,
  exchangeCalls,
  type Parameter,
  readBytes,
  readOptions,
  type Title,
  version,
  type WrittenCall,
  type WrittenResult,
} from './recording-format.ts';

/**
 * Why a recording cannot be replayed. `ERR_VERSION`: its version is not known here. `ERR_FORMAT`: it is no recording, or broken in the
 * middle. `ERR_OPTION`: it was made with a second opinion, and none is given.
 */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code: 'ERR_VERSION' | 'ERR_FORMAT' | 'ERR_OPTION';

  constructor(code: RecordingError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** What came of a recording. */
export interface Replay {
  /** The connection, as it was left. */
  readonly connection: ServerConnection | ClientConnection;
  /** Each event that was pulled, by `lineOf()`. */
  readonly events: readonly string[];
  /** All bytes that were taken. */
  readonly output: Uint8Array;
  /** The codes of what was thrown, in order. */
  readonly thrown: readonly string[];
  /** The first call of which something else came than is recorded, to be read by people; null if there was none. */
  readonly difference: string | null;
}

export interface ReplayOptions {
  /** Must be given if the recording was made with one. */
  readonly secondOpinion?: SecondOpinion;
}

/**
 * Replays what `record()` wrote: the lines, or the text of a file of them. The last line may be cut short, or what came of the last call
 * missing: what is there is replayed. A difference does not end it.
 *
 * @throws {RecordingError}
 */
export function replay(recording: string | Iterable<string>, options: ReplayOptions = {}): Replay {
  const lines = typeof recording === 'string' ? recording.split('\n') : [...recording];
  while (lines.at(-1)?.trim() === '') lines.pop();
  const player = new Player(titleOf(lines[0] ?? ''), options);
  for (const [i, line] of lines.entries()) {
    if (i === 0) continue;
    const entry = parse(line);
    if (entry !== null) player.play(entry as WrittenCall | WrittenResult, i + 1);
    else if (i < lines.length - 1) throw new RecordingError('ERR_FORMAT', `Cannot read line ${i + 1} of the recording`);
  }
  return player.conclude();
}

function titleOf(line: string): Title {
  const title = parse(line) as Partial<Title> | null; // what it has is looked at
  if (title?.recording !== 'halfpipe')
    throw new RecordingError('ERR_FORMAT', 'Cannot find a recording in the first line');
  if (title.version !== version) {
    throw new RecordingError(
      'ERR_VERSION',
      `Cannot replay a recording of version ${title.version}: only of ${version}`,
    );
  }
  return title as Title; // of this version
}

/** An object, or null for anything else. */
function parse(line: string): object | null {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' ? entry : null;
  } catch {
    return null;
  }
}

/** A call that was made again. */
interface Made {
  readonly line: number;
  readonly call: WrittenCall;
  /** What came of it, in words; bytes are in `chunk`. */
  readonly came: string;
  readonly chunk: string | null;
}

class Player {
  readonly #connection: ServerConnection | ClientConnection;
  readonly #exchanges = new Map<number, object>();
  readonly #numbers = new Map<object, number>();
  readonly #events: string[] = [];
  readonly #chunks: Uint8Array[] = [];
  readonly #thrown: string[] = [];
  #difference: string | null = null;
  /** The last call, until it is known what is recorded of it. */
  #made: Made | null = null;

  constructor(title: Title, { secondOpinion }: ReplayOptions) {
    const options = readOptions(title.options);
    if (title.options.secondOpinion === true) {
      if (secondOpinion === undefined) {
        throw new RecordingError('ERR_OPTION', 'Cannot replay the recording without its second opinion');
      }
      options.secondOpinion = secondOpinion;
    }
    this.#connection = title.role === 'client' ? new ClientConnection(options) : new ServerConnection(options);
  }

  play(entry: WrittenCall | WrittenResult, line: number): void {
    if (!('call' in entry)) return this.#compare(entry);
    this.#compare({});
    const { call, exchange } = entry;
    if (call === 'deadline') return void this.#connection.deadline; // to read it is all
    const onExchange = Object.hasOwn(exchangeCalls, call);
    const parameters = onExchange ? exchangeCalls[call] : Object.hasOwn(connectionCalls, call) && connectionCalls[call];
    if (!parameters) throw new RecordingError('ERR_FORMAT', `Cannot make the call in line ${line} of the recording`);
    const target = onExchange ? this.#exchanges.get(exchange ?? 0) : this.#connection;
    if (target === undefined) return this.#differ(line, entry, '  there is no such exchange');
    const method: unknown = Reflect.get(target, call);
    if (typeof method !== 'function') return this.#differ(line, entry, '  there is no such call');
    const values = parameters.map((parameter) => argumentOf(entry, parameter, line));
    try {
      this.#came(line, entry, method.apply(target, values));
    } catch (error) {
      this.#thrown.push(codeOf(error));
      this.#made = { line, call: entry, came: `throws ${codeOf(error)}`, chunk: null };
    }
  }

  #came(line: number, call: WrittenCall, result: unknown): void {
    this.#made = { line, call, came: 'nothing', chunk: null };
    if (call.call === 'request' || call.call === 'startRequest') {
      this.#appear(result as object, call.exchange); // these two give an exchange
    } else if (call.call === 'nextEvent' && result !== null) {
      const event = result as ServerEvent | ClientEvent; // as it does
      this.#events.push(lineOf(event));
      const exchange = 'exchange' in event ? this.#appear(event.exchange) : undefined;
      this.#made = { line, call, came: eventOf(lineOf(event), exchange), chunk: null };
    } else if (call.call === 'nextChunk' && result !== null) {
      const chunk = result as Uint8Array; // as it does
      this.#chunks.push(chunk);
      this.#made = { line, call, came: bytesOf(text(chunk)), chunk: text(chunk) };
    }
  }

  /** The number of an exchange, which is the next one if it was not seen before. */
  #appear(exchange: object, number: number = this.#numbers.size + 1): number {
    const known = this.#numbers.get(exchange);
    if (known !== undefined) return known;
    this.#numbers.set(exchange, number);
    this.#exchanges.set(number, exchange);
    return number;
  }

  /** What is recorded of the last call; nothing if another one follows. */
  #compare({ event, exchange, chunk, threw }: WrittenResult): void {
    const made = this.#made;
    this.#made = null;
    if (made === null) return;
    const bytes = chunk === undefined ? null : text(readBytes(chunk) ?? new Uint8Array(0));
    let recorded = 'nothing';
    if (event !== undefined) recorded = eventOf(event, exchange);
    else if (bytes !== null) recorded = bytesOf(bytes);
    else if (threw !== undefined) recorded = `throws ${threw}`;
    if (recorded === made.came && bytes === made.chunk) return;
    const inBytes = bytes !== null && made.chunk !== null;
    const how = inBytes ? difference(bytes, made.chunk) : `  recorded: ${recorded}\n  replayed: ${made.came}`;
    this.#differ(made.line, made.call, how);
  }

  #differ(line: number, { call, exchange }: WrittenCall, how: string): void {
    this.#difference ??= `Line ${line}, ${call}()${exchange === undefined ? '' : ` of exchange ${exchange}`}:\n${how}`;
  }

  conclude(): Replay {
    const output = new Uint8Array(this.#chunks.reduce((size, chunk) => size + chunk.length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      output.set(chunk, at);
      at += chunk.length;
    }
    const connection = this.#connection;
    return { connection, events: this.#events, output, thrown: this.#thrown, difference: this.#difference };
  }
}

function argumentOf(call: WrittenCall, parameter: Parameter, line: number): unknown {
  const written = call[parameter];
  const { read } = codecs[parameter];
  if (written === undefined || read === undefined) return written;
  try {
    return read(written);
  } catch {
    throw new RecordingError('ERR_FORMAT', `Cannot read the argument '${parameter}' in line ${line} of the recording`);
  }
}

function eventOf(line: string, exchange: number | undefined): string {
  return exchange === undefined ? line : `${line} (exchange ${exchange})`;
}

function bytesOf(bytes: string): string {
  return `${bytes.length} bytes ${JSON.stringify(bytes.length > 60 ? `${bytes.slice(0, 60)}…` : bytes)}`;
}
