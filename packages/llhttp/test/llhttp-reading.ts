// What llhttp makes of a whole stream that is given to it at once. Names and values are as its wrapper gives them, decoded as UTF-8, but
// without the white space behind them; bodies are a character for each byte.

import type { Parser } from 'llhttp-wasm';
import { methodNames, openParser } from '../src/parser.ts';
import type { Ending, Message, Reading } from './reading.ts';

/** Requests, one behind the other. */
export function requestsByLlhttp(bytes: Uint8Array): Reading {
  return readers.REQUEST.read(bytes, null);
}

/** The responses to requests of those methods; it stops behind the last of them. */
export function responsesByLlhttp(bytes: Uint8Array, methods: readonly string[]): Reading {
  return readers.RESPONSE.read(bytes, methods);
}

// What a handler of the head tells it of a response: what it cannot know. Any handler may tell it to stop.
const NO_BODY = 1;
const TUNNEL = 2;
const PAUSED = 21;

const LF = 0x0a;
const oneByte = Uint8Array.of(0x48);

class Reader {
  readonly #parser: Parser;
  #methods: readonly string[] | null = null;
  #messages: Message[] = [];
  /** Fields in the head of the last message; those behind them are its trailers. */
  #fields = 0;
  #answers = 0;

  constructor(kind: 'REQUEST' | 'RESPONSE') {
    const parser = openParser(kind);
    this.#parser = parser;
    parser.onHeadersComplete = (head) => {
      const { method, url, statusCode, rawHeaders, upgrade, shouldKeepAlive } = head;
      this.#fields = parser.headerFields.length;
      const message: Message = {
        start: statusCode === undefined ? `${methodNames[method ?? -1]} ${url}` : String(statusCode),
        version: `${head.versionMajor}.${head.versionMinor}`,
        reason: parser.statusMessage ?? '',
        fields: rawHeaders.map(trimmed),
        body: '',
        trailers: [],
        complete: false,
        fate: (statusCode ?? 101) === 101 && upgrade ? 'switch' : shouldKeepAlive ? 'keep' : 'close',
        at: -1,
      };
      this.#messages.push(message);
      const asked = isAnswer(message) ? this.#methods?.[this.#answers] : undefined;
      if (asked !== 'CONNECT' || (statusCode ?? 0) >= 300) return asked === 'HEAD' ? NO_BODY : 0;
      message.fate = 'switch';
      return TUNNEL;
    };
    parser.onBody = (bytes) => {
      const message = this.#messages.at(-1);
      if (message !== undefined)
        message.body += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
      return 0;
    };
    parser.onMessageComplete = () => {
      const message = this.#messages.at(-1);
      if (message === undefined) return 0;
      message.complete = true;
      const names = parser.headerFields.slice(this.#fields);
      message.trailers = names.flatMap((name, i) => [name, trimmed(parser.headerValues[this.#fields + i] ?? '')]);
      if (!isAnswer(message) || message.fate === 'switch') return 0;
      return ++this.#answers === this.#methods?.length ? PAUSED : 0;
    };
  }

  read(bytes: Uint8Array, methods: readonly string[] | null): Reading {
    const parser = this.#parser;
    const messages: Message[] = [];
    parser.reset();
    this.#methods = methods;
    this.#messages = messages;
    this.#answers = 0;
    const code = nameOf(parser, parser.execute(bytes));
    const at = code === 'OK' ? bytes.length : parser.getErrorPosition();
    // It gives a head before it refuses it for its codings. In trailers it stops within a line.
    if (code === 'INVALID_TRANSFER_ENCODING' && bytes[at - 1] === LF && bytes[at - 3] === LF) messages.pop();
    const whole = messages.at(-1)?.complete === true;
    const end = code === 'OK' ? nameOf(parser, parser.finish()) : '';
    if (methods?.includes('HEAD') === true) this.#learnFates(code, whole);
    const closes = whole && messages.at(-1)?.fate === 'close';
    let ending: Ending;
    if (code === 'PAUSED_UPGRADE') ending = 'switch';
    else if (code === 'CLOSED_CONNECTION' || (closes && (code === 'OK' || code === 'PAUSED'))) ending = 'last';
    else if (code === 'PAUSED') ending = at < bytes.length ? 'surplus' : 'boundary';
    else if (code !== 'OK') ending = `refused ${code}`;
    else ending = end === 'INVALID_EOF_STATE' ? 'midst' : 'boundary';
    return { messages, ending, why: '', at };
  }

  // Of a response to HEAD without a length it says that the end of the connection would end it. What it does is right.
  #learnFates(code: string, whole: boolean): void {
    let answers = 0;
    for (const [i, message] of this.#messages.entries()) {
      if (!isAnswer(message) || this.#methods?.[answers++] !== 'HEAD') continue;
      const followed = i < this.#messages.length - 1 || !whole;
      message.fate = followed || !this.#takesNoMore(code) ? 'keep' : 'close';
    }
  }

  #takesNoMore(code: string): boolean {
    if (code !== 'OK' && code !== 'PAUSED') return code === 'CLOSED_CONNECTION';
    if (code === 'PAUSED') this.#parser.resume();
    return nameOf(this.#parser, this.#parser.execute(oneByte)) === 'CLOSED_CONNECTION';
  }
}

function isAnswer({ start }: Message): boolean {
  return start >= '2' && start.length === 3;
}

const names = new Map<number, string>();

function nameOf(parser: Parser, code: number): string {
  let name = names.get(code);
  if (name === undefined) {
    name = code === 0 ? 'OK' : (parser.getErrorName(code) ?? String(code)).replace('HPE_', '');
    names.set(code, name);
  }
  return name;
}

function trimmed(text: string): string {
  return text.endsWith(' ') || text.endsWith('\t') ? text.replace(/[\t ]+$/, '') : text;
}

const readers = { REQUEST: new Reader('REQUEST'), RESPONSE: new Reader('RESPONSE') };
