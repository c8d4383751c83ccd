// Writes down what is done with a connection: every public call on it and on its exchanges, and what came of it. The methods are
// replaced on the instances alone, so that the core knows nothing of it and a connection that is not recorded pays nothing.

import type {
  ClientConnection,
  ClientEvent,
  ClientOptions,
  ServerConnection,
  ServerEvent,
  ServerOptions,
} from '@halfpipe/core';
import { lineOf } from './events.ts';
import {
  codecs,
  connectionCalls,
  exchangeCalls,
  type Parameter,
  type Title,
  version,
  type WrittenCall,
  type WrittenResult,
  writeBytes,
  writeLine,
  writeOptions,
} from './recording-format.ts';

/**
 * Records a connection from here on, as lines of JSON (without line ends) that `replay()` runs again; gives the same connection, which
 * behaves as before. Call it before anything else is done with the connection. `options` are those that the connection was made with:
 * it does not tell them. Not recorded: the functions among them, the cause of an `abort()` but for its message, a `wake` that throws.
 * A call is written before it is made, so that the last line shows the one that did not return. All that is sent and received is written
 * twice: where it goes in and where it comes out.
 *
 * @example
 * const lines: string[] = [];
 * const server = record(new ServerConnection(options), (line) => lines.push(line), options);
 * // With the driver: Connection.create(open, { ...options, inspect: (protocol) => record(protocol, write, options) })
 */
export function record<Recorded extends ServerConnection | ClientConnection>(
  connection: Recorded,
  write: (line: string) => void,
  options: ServerOptions | ClientOptions = {},
): Recorded {
  new Recorder(connection, write, options);
  return connection;
}

type Method = (...values: unknown[]) => unknown;

class Recorder {
  readonly #write: (line: string) => void;
  readonly #numbers = new WeakMap<object, number>();
  #count = 0;
  /** Requests that are being made. If `wake` drives the connection, their exchanges appear in events before the call returns. */
  readonly #asked = new Set<number>();

  constructor(connection: ServerConnection | ClientConnection, write: (line: string) => void, options: object) {
    this.#write = write;
    const role = 'request' in connection ? 'client' : 'server';
    this.#line({ recording: 'halfpipe', version, role, options: writeOptions(options) });
    this.#replace(connection, connectionCalls, null);
    this.#watchDeadline(connection);
  }

  #line(line: Title | WrittenCall | WrittenResult): void {
    this.#write(writeLine(line));
  }

  /** Puts a method that records before each one that the target has. */
  #replace(target: object, calls: Readonly<Record<string, readonly Parameter[]>>, exchange: number | null): void {
    for (const [name, parameters] of Object.entries(calls)) {
      const original: unknown = Reflect.get(target, name);
      if (typeof original !== 'function') continue; // it is of the other role
      const method: Method = original.bind(target);
      const value: Method = (...values) => this.#call(name, parameters, method, values, exchange);
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    }
  }

  #call(
    name: string,
    parameters: readonly Parameter[],
    method: Method,
    values: readonly unknown[],
    on: number | null,
  ): unknown {
    const written: Record<string, unknown> = {};
    const given = parameters.map((parameter, i) => {
      const codec = codecs[parameter];
      const value = values[i] === undefined ? undefined : (codec.kept?.(values[i]) ?? values[i]);
      if (value !== undefined) written[parameter] = codec.written === undefined ? value : codec.written(value);
      return value;
    });
    const made = name === 'request' || name === 'startRequest' ? ++this.#count : null;
    const exchange = on ?? made;
    this.#line({ call: name, ...(exchange !== null && { exchange }), ...written });
    if (made !== null) this.#asked.add(made);
    try {
      const result = method(...given);
      if (made !== null) this.#appear(result as object, made); // these two give an exchange
      if (name === 'nextEvent') this.#gave(result as ServerEvent | ClientEvent | null); // as it does
      if (name === 'nextChunk' && result !== null) this.#line({ chunk: writeBytes(result) ?? '' });
      return result;
    } catch (error) {
      this.#line({ threw: codeOf(error) });
      if (made !== null) this.#asked.delete(made);
      throw error;
    }
  }

  #gave(event: ServerEvent | ClientEvent | null): void {
    if (event === null) return;
    if (!('exchange' in event)) return this.#line({ event: lineOf(event) });
    const [asked] = this.#asked;
    const exchange = this.#appear(event.exchange, asked ?? this.#count + 1);
    this.#line({ event: lineOf(event), exchange });
  }

  /** The number of an exchange, which is the one given if it was not seen before. */
  #appear(exchange: object, number: number): number {
    const known = this.#numbers.get(exchange);
    if (known !== undefined) return known;
    this.#numbers.set(exchange, number);
    this.#asked.delete(number);
    this.#count = Math.max(this.#count, number);
    this.#replace(exchange, exchangeCalls, number);
    return number;
  }

  /** Reading a finite deadline starts the clock, where advance() has not. */
  #watchDeadline(connection: ServerConnection | ClientConnection): void {
    const get = getterOf(connection, 'deadline');
    let started = false;
    const watched = () => {
      const deadline = get?.call(connection);
      if (!started && deadline !== Number.POSITIVE_INFINITY) {
        started = true;
        this.#line({ call: 'deadline' });
      }
      return deadline;
    };
    Object.defineProperty(connection, 'deadline', { get: watched, configurable: true });
  }
}

function getterOf(target: object, name: string): (() => unknown) | undefined {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, name);
    if (property !== undefined) return property.get;
  }
  return undefined;
}

/** What a throw is known by: its code, or its name. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error ? String(error.code) : error.name;
}
