// A place where the core and llhttp part: what either does there, and what the bytes are. What the classes of disagreements ask for.

import { requestsByCore, responsesByCore } from './core-reading.ts';
import type { Difference, Message } from './reading.ts';

export type Role = 'request' | 'response';

export class Place {
  readonly role: Role;
  /** The methods of the requests that responses answer. */
  readonly methods: readonly string[];
  readonly core: string;
  readonly llhttp: string;
  /** Both, with a bar between them. */
  readonly both: string;
  /** What the core says of what it refuses. */
  readonly why: string;
  /** Line ends before the head. */
  readonly lead: string;
  /** From the start-line to the empty line, as far as it is there. */
  readonly head: string;
  readonly startLine: string;
  /** How far into the head, or behind it, llhttp came. */
  readonly stop: number;
  /** The line in which llhttp stopped: to there, and from there on. */
  readonly read: string;
  readonly unread: string;
  /** From where the core stands, and of that the first line of a chunked body, with its CR. */
  readonly left: string;
  readonly chunkLine: string;
  /** The message before. */
  readonly before: Message | null;
  /** The interim responses right before, as text. */
  readonly interims: string;

  constructor(role: Role, methods: readonly string[], difference: Difference) {
    const { core, llhttp, why, text, begins, at, stop, before, interims } = difference;
    this.role = role;
    this.methods = methods;
    this.core = core;
    this.llhttp = llhttp;
    this.both = `${core} | ${llhttp}`;
    this.why = why;
    this.before = before;
    this.interims = interims;
    const message = text.slice(begins);
    this.lead = /^[\r\n]*/.exec(message)?.[0] ?? '';
    const end = message.indexOf('\r\n\r\n', this.lead.length);
    this.head = message.slice(this.lead.length, end < 0 ? message.length : end + 4);
    this.startLine = this.head.split('\r\n', 1)[0] ?? '';
    this.stop = stop - begins - this.lead.length;
    this.read = text.slice(text.lastIndexOf('\n', stop - 1) + 1, stop);
    this.unread = text.slice(stop);
    this.left = text.slice(at);
    this.chunkLine = /^(?:\r\n)?([^\r\n]*\r?)/.exec(this.left)?.[1] ?? '';
  }

  /** The head has come to its end. */
  get whole(): boolean {
    return this.head.endsWith('\r\n\r\n');
  }

  get method(): string {
    return this.startLine.split(' ', 1)[0] ?? '';
  }

  get status(): string {
    return this.startLine.slice(9, 12);
  }

  /** The values of the fields of that name in the head, or another, with the white space around them. */
  values(name: string, head: string = this.head): string[] {
    const lines = head.split('\r\n').slice(1);
    return lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1));
  }

  /** Their elements, in lower case, empty ones too. */
  elements(name: string, head?: string): string[] {
    return this.values(name, head).flatMap((value) => value.split(',').map((each) => trimmed(each).toLowerCase()));
  }

  /** The core refuses with that code and for that reason, and llhttp reads on. */
  refuses(code: string, why: RegExp): boolean {
    const readsOn = /^(?:head|midst|data|end|boundary|last|switch|surplus)$/.test(this.llhttp);
    return this.core === `refused ${code}` && why.test(this.why) && readsOn;
  }

  /** llhttp refuses by one of those names, and the core reads on. */
  isRefused(...names: readonly string[]): boolean {
    const readsOn = /^(?:head|midst|data|end|boundary|last|switch|surplus)$/.test(this.core);
    return names.some((name) => this.llhttp === `refused ${name}`) && readsOn;
  }

  /** llhttp refuses by that name what the core would refuse with that code if the head were whole. */
  isRefusedSooner(name: string, code: string): boolean {
    return this.both === `midst | refused ${name}` && !this.whole && this.#verdict(code) === `refused ${code}`;
  }

  /** They part in what may follow the message. */
  get inFate(): boolean {
    return /^(?:keep|close|switch) \| (?:keep|close|switch)$/.test(this.both);
  }

  /** How the core reads the head when it is made whole, and nothing else is wrong with it. */
  #verdict(code: string): string {
    const cut = this.head.lastIndexOf('\r\n') + 2;
    // A line that has begun is left out, unless it is the one that llhttp has stopped in.
    const begun = this.stop > cut ? this.head.replace(/[\r\n]+$/, '') : this.head.slice(0, cut - 2);
    const lines = begun.split('\r\n').filter((line) => !/^host:/i.test(line));
    if (this.role === 'request') {
      if (code !== 'ERR_START_LINE') lines[0] = 'POST / HTTP/1.1';
      lines.push('Host: a');
    }
    const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    return (this.role === 'request' ? requestsByCore(bytes) : responsesByCore(bytes, this.methods)).ending;
  }
}

/** Without the white space around it. */
export function trimmed(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** Is there a control other than HTAB? */
export function hasControl(text: string): boolean {
  return [...text].some((each) => (each < ' ' && each !== '\t') || each === '\x7f');
}

/** Is there a tab in the white space behind the value? */
export function hasTabBehind(value: string): boolean {
  return /\S *\t[ \t]*$/.test(value);
}
