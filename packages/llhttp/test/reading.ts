// What somebody makes of a whole stream of messages that is given at once, and where two such readings part. Knows nothing of who reads.

/** What may follow a message, as it says itself: another, none, or what is no HTTP. */
export type Fate = 'keep' | 'close' | 'switch';

export interface Message {
  /** A method and a target, or a status. */
  readonly start: string;
  readonly version: string;
  readonly reason: string;
  /** Names and values in turns. */
  readonly fields: readonly string[];
  body: string;
  /** Names and values in turns. */
  trailers: readonly string[];
  complete: boolean;
  fate: Fate;
  /** Where its head begins, with the empty lines before it; llhttp does not say. */
  readonly at: number;
}

/**
 * How a reading ends: at a boundary of messages, in the midst of one, behind the last one of a connection, before the bytes of another
 * protocol, before bytes that no request asked for, or with a mistake, and its code.
 */
export type Ending = 'boundary' | 'midst' | 'last' | 'switch' | 'surplus' | `refused ${string}`;

export interface Reading {
  readonly messages: readonly Message[];
  readonly ending: Ending;
  /** What is said of a mistake. */
  readonly why: string;
  /** To the core, where that begins which is not in the messages; to llhttp, where it stopped. */
  readonly at: number;
}

/** Where two readings part. */
export interface Difference {
  /** What each has there: a part of a message, or how it ends. */
  readonly core: string;
  readonly llhttp: string;
  /** What the core says, if it refuses what is there. */
  readonly why: string;
  /** All bytes, a character for each. */
  readonly text: string;
  /** Where the message begins. */
  readonly begins: number;
  /** Where the core stands: behind all that it has given of the message. */
  readonly at: number;
  /** Where llhttp stopped. */
  readonly stop: number;
  /** How many messages they have read alike, and the last of them. */
  readonly index: number;
  readonly before: Message | null;
  /** The interim responses right before, as text. */
  readonly interims: string;
}

/** Null where they are the same. That both refuse a thing is enough, whatever they call it. */
export function compare(core: Reading, llhttp: Reading, text: string): Difference | null {
  const wide = /[\x80-\xff]/.test(text);
  for (let i = 0; ; i++) {
    const part = (ours: string, theirs: string, begins: number): Difference => ({
      ...{ core: ours, llhttp: theirs, why: ours === core.ending ? core.why : '', text },
      ...{ begins, at: core.at, stop: llhttp.at, index: i, before: core.messages[i - 1] ?? null },
      interims: text.slice(beginOfInterims(core.messages, i) ?? begins, begins),
    });
    const one = core.messages[i];
    const other = llhttp.messages[i];
    if (one === undefined || other === undefined) {
      if (one === other && endAlike(core, llhttp)) return null;
      return part(one ? 'head' : core.ending, other ? 'head' : llhttp.ending, one?.at ?? core.at);
    }
    const unlike = unlikePart(one, other, wide);
    if (unlike !== null) return part(unlike, unlike, one.at);
    if (one.complete && other.complete) {
      const sameRest = one.fate !== 'switch' || core.at === llhttp.at;
      if (one.fate !== other.fate || !sameRest) return part(one.fate, other.fate, one.at);
      continue;
    }
    const [ours, theirs] = [one.complete ? 'end' : core.ending, other.complete ? 'end' : llhttp.ending];
    if (one.complete !== other.complete) return part(ours, theirs, one.at);
    if (one.body === other.body) return endAlike(core, llhttp) ? null : part(ours, theirs, one.at);
    // One has read on where the other stopped.
    return one.body.length > other.body.length ? part('data', theirs, one.at) : part(ours, 'data', one.at);
  }
}

/** Where the interim responses begin that are right before that message. */
function beginOfInterims(messages: readonly Message[], index: number): number | undefined {
  let first = index;
  while (/^1\d\d$/.test(messages[first - 1]?.start ?? '')) first--;
  return first < index ? messages[first]?.at : undefined;
}

function endAlike(core: Reading, llhttp: Reading): boolean {
  if (core.ending.startsWith('refused') && llhttp.ending.startsWith('refused')) return true;
  return core.ending === llhttp.ending;
}

function unlikePart(core: Message, llhttp: Message, wide: boolean): string | null {
  if (core.start !== llhttp.start) return 'start-line';
  if (core.version !== llhttp.version) return 'version';
  if (asRead(core.reason, wide) !== llhttp.reason) return 'reason';
  if (unlike(core.fields, llhttp.fields, wide)) return 'fields';
  if (core.complete && llhttp.complete ? core.body !== llhttp.body : !isPrefix(core.body, llhttp.body)) return 'body';
  return core.complete && llhttp.complete && unlike(core.trailers, llhttp.trailers, wide) ? 'trailers' : null;
}

function isPrefix(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function unlike(core: readonly string[], llhttp: readonly string[], wide: boolean): boolean {
  return core.length !== llhttp.length || core.some((text, i) => asRead(text, wide) !== llhttp[i]);
}

const decoder = new TextDecoder();

/** Text as llhttp's wrapper gives it, which is decoded as UTF-8. */
export function asRead(text: string, wide = true): string {
  return wide && /[\x80-\xff]/.test(text) ? decoder.decode(Buffer.from(text, 'latin1')) : text;
}
