// Mutates sources of the core, those that are named or all, and says which mutants no test has noticed.

import { Stryker } from '@stryker-mutator/core';

const names = process.argv.slice(2);
const mutate = (names.length > 0 ? names : ['*']).map((name) => `packages/core/src/${name}.ts`);
await new Stryker({ configFile: 'mutation/stryker.config.js', mutate }).runMutationTest();
