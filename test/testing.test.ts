// Each example of docs/testing.md is a program that looks at what it has done.

import { codeBlocks, runCode } from './code-blocks.ts';

const blocks = codeBlocks('docs/testing.md').map((code): [string, string] => {
  const names = /import \{ (.*) \} from '@halfpipe\/testing'/.exec(code)?.[1] ?? '';
  return [names, code];
});

test('there is one for each thing that can be tested', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(6);
});

test.each(blocks)('example %#, with %s, does what it asserts', async (_, code) => {
  expect(code).toMatch(/assert\.\w+\(/);
  // The end is reached: a promise that nobody settles would end the process too.
  expect(await runCode(`${code}\nconsole.log('reached');`)).toBe('reached\n');
});
