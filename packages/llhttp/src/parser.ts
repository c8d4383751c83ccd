// Parsers of llhttp-wasm, opened so that its mistakes do no harm. Knows nothing of what they are used for.

import { createParser, METHODS, type Parser } from 'llhttp-wasm';
import { WebAssemblyError } from './errors.ts';

/** Its names of methods by its numbers of them. All others it refuses. */
export const methodNames: readonly string[] = Object.entries(METHODS).reduce<string[]>((names, [name, code]) => {
  names[code] = name;
  return names;
}, []);

/**
 * A parser of that kind. It is never freed, so open few and use them again, behind reset(): its memory would be given to the next
 * input, and whoever still held the parser would run it on what a peer has sent. Handlers must not throw: execute() would leave its copy
 * of the input behind. Throws WebAssemblyError where there can be none.
 */
export function openParser(kind: 'REQUEST' | 'RESPONSE'): Parser {
  let parser: Parser;
  try {
    // Its types want a number, and its code the key of a table of numbers; any number makes a parser that takes both kinds.
    parser = createParser(kind as unknown as number);
  } catch (cause) {
    throw new WebAssemblyError(cause);
  }
  // The destroy() of the module calls that of each parser, those of others too.
  parser.destroy = () => {};
  return parser;
}
