// What a script expects of a head, and in what a head that came is otherwise. Reads heads on its own, so that a mistake of the core's
// parser or serializer cannot hide here.

/** Parts of a head; what is not named may be anything. */
export interface ExpectedHead {
  /**
   * The start-line: the whole of it, or its beginning up to a space, so that `GET /` fits `GET / HTTP/1.1` and `HTTP/1.1 200` fits any
   * reason; or a pattern.
   */
  readonly start?: string | RegExp;
  /**
   * Fields by name, in any case and order. A value is compared without the white space around it; where there are several fields of that
   * name, with theirs joined by ", ". `null`: there must be none.
   */
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
}

/** In what a head, from the start-line to the empty line, is not as expected: a sentence for each; none if it is. */
export function mismatches(head: string, expected: ExpectedHead): string[] {
  const [start = '', ...lines] = head.split('\r\n');
  const wrong: string[] = [];
  if (expected.start !== undefined && !fitsStart(start, expected.start)) {
    wrong.push(`start-line: expected ${shown(expected.start)}, received ${shown(start)}`);
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const received = fieldOf(name, lines);
    const fits = value instanceof RegExp ? received !== null && fitsPattern(received, value) : received === value;
    if (!fits) wrong.push(`${name}: expected ${shown(value)}, received ${shown(received)}`);
  }
  return wrong;
}

function fitsStart(start: string, expected: string | RegExp): boolean {
  if (expected instanceof RegExp) return fitsPattern(start, expected);
  return start === expected || start.startsWith(`${expected} `);
}

/** From its beginning each time, whatever its flags. */
function fitsPattern(text: string, pattern: RegExp): boolean {
  return text.search(pattern) >= 0;
}

function fieldOf(name: string, lines: readonly string[]): string | null {
  const values = lines
    .map((line) => ({ line, colon: line.indexOf(':') }))
    .filter(({ line, colon }) => colon > 0 && line.slice(0, colon).toLowerCase() === name.toLowerCase())
    .map(({ line, colon }) => line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
  return values.length === 0 ? null : values.join(', ');
}

function shown(value: string | RegExp | null): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
