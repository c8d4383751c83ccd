// Where llhttp can be loaded and where not, and what it holds on to. Each test loads the package anew.

import { ascii, lines } from '../../core/test/pair.ts';
import type * as Package from '../src/index.ts';

/** The package as a process finds it that has not used it. */
function loaded(): typeof Package {
  let found: typeof Package | undefined;
  jest.isolateModules(() => {
    found = jest.requireActual<typeof Package>('../src/index.ts');
  });
  if (found === undefined) throw new Error('Not loaded');
  return found;
}

/** What `secondOpinion` throws while the platform lacks that, or has another in its place. */
function failing(name: 'WebAssembly' | 'atob', instead?: unknown): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { configurable: true, value: instead });
  try {
    const { secondOpinion } = loaded();
    return thrownBy(secondOpinion);
  } finally {
    if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
  }
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}

// What Workers and pages with a strict policy say, for one.
const refusal = new WebAssembly.CompileError('Wasm code generation disallowed by embedder');
const refusing = (member: 'Module' | 'Instance') => ({
  ...{ Module: WebAssembly.Module, Instance: WebAssembly.Instance },
  [member]: class {
    constructor() {
      throw refusal;
    }
  },
});

test.each([
  ['has no WebAssembly', 'WebAssembly', undefined],
  ['does not let it be compiled', 'WebAssembly', refusing('Module')],
  ['does not let it be instantiated', 'WebAssembly', refusing('Instance')],
  ['has no atob, by which its bytes are kept', 'atob', undefined],
] as const)('a platform that %s: secondOpinion() throws', (_, name, instead) => {
  const error = failing(name, instead);
  expect(error).toMatchObject({
    name: 'WebAssemblyError',
    code: 'ERR_WEBASSEMBLY',
    message: 'Cannot load llhttp: WebAssembly cannot be compiled here',
  });
  if (instead !== undefined) expect((error as Error).cause).toBe(refusal);
  else expect((error as Error).cause).toBeInstanceOf(Error);
});

test('it throws again when it is called again', () => {
  const { WebAssembly } = globalThis;
  globalThis.WebAssembly = refusing('Instance') as unknown as typeof WebAssembly; // as much of it as is used
  try {
    const { secondOpinion, WebAssemblyError } = loaded();
    for (let i = 0; i < 3; i++) expect(secondOpinion).toThrow(WebAssemblyError);
  } finally {
    globalThis.WebAssembly = WebAssembly;
  }
});

test('importing it compiles nothing, and an error of it is an Error', () => {
  const { WebAssembly } = globalThis;
  globalThis.WebAssembly = refusing('Module') as unknown as typeof WebAssembly; // as much of it as is used
  try {
    const { secondOpinion, WebAssemblyError } = loaded();
    expect(thrownBy(secondOpinion)).toBeInstanceOf(WebAssemblyError);
    expect(thrownBy(secondOpinion)).toBeInstanceOf(Error);
  } finally {
    globalThis.WebAssembly = WebAssembly;
  }
});

test('of what comes first a request is no response, and a response no request', () => {
  const [request, response] = [ascii(lines('GET / HTTP/1.1', 'Host: x')), ascii(lines('HTTP/1.1 200 OK'))];
  expect(loaded().secondOpinion()(response, 'request')).toBe('refused');
  expect(loaded().secondOpinion()(request, 'response')).toBe('refused');
});

test('the memory of WebAssembly does not grow with the heads that are read, nor with the opinions that are made', () => {
  const { Instance } = WebAssembly;
  const memories: WebAssembly.Memory[] = [];
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      memories.push(this.exports.memory as WebAssembly.Memory); // an export of llhttp-wasm
    }
  };
  try {
    const { secondOpinion } = loaded();
    const ask = secondOpinion();
    const heads = [
      lines('GET / HTTP/1.1', 'Host: x', `X: ${'y'.repeat(16_000)}`),
      lines('POST / HTTP/1.1', 'Host: x', 'X: caf\xe9', 'Transfer-Encoding: chunked'),
      lines('FOO / HTTP/1.1', 'Host: x'),
      lines('GET / HTTP/1.1', 'Host : x'),
      'GET / HTTP/1.1\r\nHost: x',
    ].map(ascii);
    const read = (times: number) => {
      for (let i = 0; i < times; i++) {
        for (const head of heads) ask(head, i % 2 === 0 ? 'request' : 'response');
        secondOpinion();
      }
    };
    read(10);
    const before = memories.map(({ buffer }) => buffer.byteLength);
    read(5_000);
    expect(memories.map(({ buffer }) => buffer.byteLength)).toEqual(before);
    expect(before).toEqual([expect.any(Number)]);
    expect(before[0]).toBeLessThanOrEqual(256 * 1024);
  } finally {
    WebAssembly.Instance = Instance;
  }
});
