// Two texts of bytes and where they part: line by line, with CR and LF to be seen. Knows nothing of messages.

import { visible } from './octets.ts';

/** So many equal lines are shown around what differs. */
const contextLength = 3;
/** A longer line is shown in part, beginning so many bytes before the one that matters. */
const longestLine = 160;
const bytesBefore = 60;
/** Of more lines in a row that are only in one of the texts, the rest is counted. */
const mostLines = 24;
/** With more pairs of lines than these, the texts are not aligned but shown one behind the other. */
const mostPairs = 250_000;

/** A line of both texts, or only of the one expected, or only of the one received. */
interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * What was expected and what was received, one character for each byte, as lines to print: those of both behind two spaces, those that
 * are only expected behind `-`, those that were only received behind `+`. A caret is under the first byte that differs.
 */
export function difference(expected: string, received: string): string {
  const wanted = linesOf(expected);
  const got = linesOf(received);
  let same = 0;
  while (same < wanted.length && wanted[same] === got[same]) same++;
  const before = wanted.slice(0, same).map((text): Line => ({ mark: ' ', text }));
  const lines = [...before, ...aligned(wanted.slice(same), got.slice(same))];
  const at = firstDifference(expected, received);
  const column = at - before.reduce((size, { text }) => size + text.length, 0);
  return shown(lines, same, column, at).join('\n');
}

/** The offset of the first byte that differs: the size of the shorter text where the longer one begins with it. */
export function firstDifference(expected: string, received: string): number {
  const end = Math.min(expected.length, received.length);
  let at = 0;
  while (at < end && expected.charCodeAt(at) === received.charCodeAt(at)) at++;
  return at;
}

/** Lines with their ends. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** As few lines as possible are told apart. */
function aligned(wanted: readonly string[], got: readonly string[]): Line[] {
  const common = commonLengths(wanted, got);
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < wanted.length || j < got.length; ) {
    const expected = wanted[i];
    const received = got[j];
    if (expected !== undefined && expected === received) {
      lines.push({ mark: ' ', text: expected });
      i++;
      j++;
    } else if (expected !== undefined && (received === undefined || common(i + 1, j) >= common(i, j + 1))) {
      lines.push({ mark: '-', text: expected });
      i++;
    } else if (received !== undefined) {
      lines.push({ mark: '+', text: received });
      j++;
    }
  }
  return lines;
}

/** How many lines, in their order, wanted from `i` on and got from `j` on have in common. */
function commonLengths(wanted: readonly string[], got: readonly string[]): (i: number, j: number) => number {
  const width = got.length + 1;
  if (wanted.length * got.length > mostPairs) return () => 0;
  const lengths = new Uint32Array((wanted.length + 1) * width);
  const common = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = wanted.length - 1; i >= 0; i--) {
    for (let j = got.length - 1; j >= 0; j--) {
      const equal = wanted[i] === got[j];
      lengths[i * width + j] = equal ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1));
    }
  }
  return common;
}

/** The lines as they are printed; `first` is the one in which the texts part, at that column and offset. */
function shown(lines: readonly Line[], first: number, column: number, at: number): string[] {
  const near = lines.map(({ mark }, i) => {
    const around = lines.slice(Math.max(0, i - contextLength), i + contextLength + 1);
    return mark !== ' ' || around.some((other) => other.mark !== ' ');
  });
  // What was received in place of the line that was expected there.
  const instead = lines.findIndex(({ mark }, i) => i >= first && mark !== '-');
  const pointed = lines[instead]?.mark === '+' && lines[first]?.mark === '-' ? instead : -1;
  const printed: string[] = [];
  for (let i = 0; i < lines.length; ) {
    const { mark } = lines[i]!; // i < lines.length
    let end = i;
    while (end < lines.length && lines[end]?.mark === mark && near[end] === near[i]) end++;
    const most = mark === ' ' ? (near[i] || end - i === 1 ? end - i : 0) : mostLines;
    for (const [k, { text }] of lines.slice(i, Math.min(end, i + most)).entries()) {
      const [part, indent] = partOf(text, i + k === first || i + k === pointed ? column : 0);
      printed.push(`${mark} ${part}`);
      if (i + k === pointed) printed.push(`  ${' '.repeat(indent)}^ byte ${at}`);
    }
    if (end - i > most) printed.push(`${mark} … ${end - i - most} ${mark === ' ' ? 'equal' : 'more'} lines`);
    i = end;
  }
  return printed;
}

/** A line as it is printed, and how far to the right its byte at `column` stands. */
function partOf(line: string, column: number): [part: string, indent: number] {
  const start = line.length > longestLine ? Math.max(0, column - bytesBefore) : 0;
  const end = Math.min(line.length, start + longestLine);
  const before = start > 0 ? '…' : '';
  const part = visible(line.slice(start, end));
  return [`${before}${part}${end < line.length ? '…' : ''}`, before.length + visible(line.slice(start, column)).length];
}
