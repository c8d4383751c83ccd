// One project per package, and one for the workspace itself. The sources are compiled to CommonJS for the tests; what is
// published, the output of tsc, is what test/packages.test.ts imports.

/** @returns {import('jest').Config} */
export function project(displayName, testMatch) {
  return {
    displayName,
    rootDir: import.meta.dirname,
    testMatch: [`<rootDir>/${testMatch}`],
    testEnvironment: 'node',
    transform: {
      '\\.ts$': [
        '@swc/jest',
        {
          swcrc: false,
          jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
          module: { type: 'commonjs' },
          sourceMaps: 'inline',
        },
      ],
    },
    moduleNameMapper: { '^@halfpipe/([^/]+)$': '<rootDir>/packages/$1/src/index.ts' },
    modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/dist/'],
  };
}

const packages = ['core', 'driver', 'node', 'deno', 'web-streams', 'llhttp', 'testing'];

/** @type {import('jest').Config} */
export default {
  // Most of what takes long waits for nothing, so that every processor is of use.
  maxWorkers: '100%',
  // No test waits for time to pass; this is for machines that have other work.
  testTimeout: 60_000,
  projects: [
    ...packages.map((name) => project(name, `packages/${name}/test/**/*.test.ts`)),
    project('workspace', 'test/**/*.test.ts'),
  ],
};
