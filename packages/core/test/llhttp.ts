// What llhttp reads in bytes that are given to it whole: a second opinion on what we write. Works around its wrapper, which wants the
// kind as text, decodes as UTF-8, and appends trailers to the fields.

import { createParser, METHODS } from 'llhttp-wasm';

export interface Read {
  method?: string;
  target?: string;
  status?: number;
  fields: [string, string][];
  body: string;
  trailers: [string, string][];
}

const methodNames = new Map(Object.entries(METHODS).map(([name, code]) => [code, name]));

/** The messages in those bytes, and the name of the mistake if there is one. `bodiless`: which responses are to HEAD. */
export function readByLlhttp(
  kind: 'REQUEST' | 'RESPONSE',
  bytes: Uint8Array,
  bodiless: (final: number) => boolean = () => false,
): { messages: Read[]; mistake: string | null } {
  // Declared as a number, which it takes for a key of a table of names.
  const parser = createParser(kind as unknown as number);
  const messages: Read[] = [];
  let final = 0;
  let pieces: string[] = [];
  let fieldCount = 0;
  parser.onHeadersComplete = ({ method, url, statusCode, rawHeaders }) => {
    const message: Read = { fields: pairs(rawHeaders), body: '', trailers: [] };
    if (kind === 'REQUEST') {
      message.method = methodNames.get(method ?? -1) ?? '';
      message.target = url ?? '';
    } else message.status = statusCode ?? 0;
    messages.push(message);
    pieces = [];
    fieldCount = rawHeaders.length / 2;
    const isFinal = statusCode !== undefined && statusCode >= 200;
    if (isFinal) final++;
    return isFinal && bodiless(final - 1) ? 1 : 0;
  };
  parser.onBody = (data) => {
    pieces.push(Buffer.from(data).toString('latin1'));
    return 0;
  };
  parser.onMessageComplete = () => {
    const message = messages.at(-1);
    if (message !== undefined) {
      message.body = pieces.join('');
      const behind = parser.headerFields.slice(fieldCount);
      message.trailers = behind.map((name, i) => [name, parser.headerValues[fieldCount + i] ?? '']);
    }
    return 0;
  };
  const code = parser.execute(bytes);
  const mistake = code === 0 ? null : (parser.getErrorName(code) ?? String(code));
  parser.destroy();
  return { messages, mistake };
}

/** Text as llhttp's wrapper would give it. */
export function asUtf8(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}
