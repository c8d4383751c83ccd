// How the sources of the core are mutated; npm run mutate names the files.

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'in-process',
  plugins: [`${import.meta.dirname}/runner.js`],
  ignorers: ['sentences'],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // A mutant that goes on for ever is nearly always found out by how often it is passed. This is for the rest, and for a busy machine.
  timeoutMS: 20_000,
  timeoutFactor: 0.2,
  reporters: ['progress-append-only', 'clear-text', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: 'mutation/report/mutation.json' },
  tempDirName: 'mutation/.tmp',
  cleanTempDir: 'always',
  // What is mutated is a copy, of these alone.
  ignorePatterns: ['/*', '!/packages', '!/docs', '!/package.json', '/packages/*/dist'],
  packageManager: 'npm',
  warnings: { slow: false },
};
