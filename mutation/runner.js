// How mutants meet the tests. Stryker's own runner for Jest starts it for each mutant, which loads all the test files anew: more than a
// second, where the tests that notice take milliseconds. Here they are loaded once, into this process, and the mutants are switched on
// one by one. Only for one that takes part in the loading, in a table or a constant, are they loaded again.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { declareClassPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { project } from '../jest.config.js';

// A mutant that survives costs all the tests that reach it. So these are left out, and beside them those single tests that take longer
// than so many milliseconds of computing, but for those in the test file of the mutated source.
const leftOut = ['chunking.test.ts', 'invariants.test.ts', 'random.test.ts'];
const patience = 100;
// A mutant may make no test fail by the time that it takes: the instruments do so themselves.
const measures = /time in proportion/;
// For the processes that follow where one had to be ended, in the folder of the run.
const notes = 'found.json';

const require = createRequire(import.meta.url);
const { transformSync } = require('@swc/core');
const circus = require('jest-circus');
const { jestExpect } = require('@jest/expect');

// What Jest does to the sources.
const [, swcOptions] = project('core', '').transform['\\.ts$'];
const compiled = new Map();
Module._extensions['.ts'] = (module, path) => {
  if (!compiled.has(path)) {
    compiled.set(path, transformSync(readFileSync(path, 'utf8'), { ...swcOptions, filename: path }).code);
  }
  module._compile(compiled.get(path), path);
};

// Between Stryker's instruments in the sources and us: which mutant is on, which test runs, what has been passed and how often.
globalThis.__stryker__ ??= {};
const instruments = globalThis.__stryker__;

class Runner {
  /** The tests of the core in the copy that Stryker has made, where it has this process work. */
  #folder = join(process.cwd(), 'packages', 'core', 'test');
  #files = readdirSync(this.#folder).filter((name) => name.endsWith('.test.ts') && !leftOut.includes(name));
  /** The tests of each file that is loaded. */
  #loaded = new Map();
  /** What the first run has found: tests that take too long; milliseconds of the others by file; how often one test passes a mutant at most. */
  #found = { slow: new Set(), times: new Map(), most: new Map() };
  /** A mutant was on while what is loaded was loaded. */
  #spoiled = false;

  async init() {
    if (!existsSync(notes)) return;
    const { slow, times, most } = JSON.parse(readFileSync(notes, 'utf8'));
    this.#found = { slow: new Set(slow), times: new Map(times), most: new Map(most) };
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun() {
    instruments.mutantCoverage = { static: {}, perTest: {} };
    const { slow, times, most } = this.#found;
    const results = [];
    for (const file of this.#files) {
      let total = 0;
      for (const test of this.#testsOf(file)) {
        const before = process.cpuUsage();
        results.push(await run(test));
        const { user, system } = process.cpuUsage(before);
        const time = (user + system) / 1000;
        if (time > patience) slow.add(test.id);
        else total += time;
      }
      times.set(file, total);
    }
    for (const hits of Object.values(instruments.mutantCoverage.perTest)) {
      for (const [id, times] of Object.entries(hits)) most.set(id, Math.max(times, most.get(id) ?? 0));
    }
    writeFileSync(notes, JSON.stringify({ slow: [...slow], times: [...times], most: [...most] }));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage: instruments.mutantCoverage };
  }

  async mutantRun({ activeMutant, mutantActivation, sandboxFileName, testFilter }) {
    const isStatic = mutantActivation === 'static';
    if (isStatic || this.#spoiled) this.#unload();
    this.#spoiled = isStatic;
    instruments.mutantCoverage = undefined;
    // By test, where Stryker would count over all of them: one that runs for ever is found out at once.
    instruments.hitCount = 0;
    instruments.hitLimit = 10 * (this.#found.most.get(activeMutant.id) ?? 0) + 10_000;
    const own = `${basename(sandboxFileName, '.ts')}.test.ts`;
    const reaching = testFilter === undefined ? null : new Set(testFilter);
    const asks = ({ id, file }) => reaching?.has(id) !== false && (file === own || !this.#found.slow.has(id));
    // The tests of its own file are the likeliest to notice; after them the quickest are asked.
    const rank = (file) => (file === own ? -1 : (this.#found.times.get(file) ?? 0));
    const files = this.#files.filter((file) => testFilter?.some((id) => id.startsWith(file)) !== false);
    const results = [];
    for (const file of files.sort((a, b) => rank(a) - rank(b))) {
      instruments.activeMutant = isStatic ? activeMutant.id : undefined;
      const tests = this.#testsOf(file).filter(asks);
      instruments.activeMutant = activeMutant.id;
      for (const test of tests) {
        instruments.hitCount = 0;
        results.push(await run(test));
        if (hasFailed(results) || instruments.hitCount > instruments.hitLimit) break;
      }
      if (hasFailed(results) || instruments.hitCount > instruments.hitLimit) break;
    }
    instruments.activeMutant = undefined;
    const tooOften = determineHitLimitReached(instruments.hitCount, instruments.hitLimit);
    return toMutantRunResult(tooOften ?? { status: DryRunStatus.Complete, tests: results });
  }

  #unload() {
    this.#loaded.clear();
    this.#forgetModules();
  }

  #forgetModules() {
    for (const path of Object.keys(require.cache))
      if (path.startsWith(dirname(this.#folder))) delete require.cache[path];
  }

  /** Loads a file, if it is not, and with it the sources. Jest's own functions collect its tests; if it cannot be loaded, that is one that fails. */
  #testsOf(file) {
    const known = this.#loaded.get(file);
    if (known !== undefined) return known;
    const isolateModules = (load) => {
      const kept = { ...require.cache };
      this.#forgetModules();
      load();
      Object.assign(require.cache, kept);
    };
    Object.assign(globalThis, circus, { expect: jestExpect, jest: { isolateModules } });
    circus.resetState();
    const path = join(this.#folder, file);
    const tests = [];
    try {
      require(path);
      collect(circus.getState().rootDescribeBlock, file, (id, fn) =>
        tests.push({ id: `${id} (${tests.length})`, file, path, fn: measures.test(id) ? () => {} : fn }),
      );
    } catch (error) {
      const fn = () => {
        throw error;
      };
      tests.push({ id: file, file, path, fn });
    }
    this.#loaded.set(file, tests);
    return tests;
  }
}

const hasFailed = (results) => results.at(-1)?.status === TestStatus.Failed;

function collect(block, above, add) {
  if (block.hooks.length > 0) throw new Error(`The hooks of ${above} would not be run`);
  for (const entry of block.children) {
    const name = `${above} › ${entry.name}`;
    if (entry.type === 'test') add(name, entry.fn);
    else collect(entry, name, add);
  }
}

async function run({ id, fn, path }) {
  const result = { id, name: id, fileName: path, status: TestStatus.Success };
  instruments.currentTestId = id;
  const start = performance.now();
  try {
    await fn();
  } catch (error) {
    result.status = TestStatus.Failed;
    result.failureMessage = String(error?.message ?? error);
  }
  result.timeSpentMs = performance.now() - start;
  instruments.currentTestId = undefined;
  return result;
}

/** What an error says to people may be put in other words. Its code and its status may not. */
const sentences = {
  shouldIgnore({ listKey, key, parent }) {
    const isMessage = listKey === 'arguments' && key === 1 && parent.type === 'NewExpression';
    return isMessage && parent.callee.name?.endsWith('ProtocolError') ? 'the sentence of an error' : undefined;
  },
};

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'in-process', Runner),
  declareValuePlugin(PluginKind.Ignore, 'sentences', sentences),
];
