// Packages of bench/package.json, which who does not measure does not install.

import { createRequire } from 'node:module';
import { Absent } from './absent.ts';

const require = createRequire(import.meta.url);

/** What `require` of it gives; the caller knows its shape. Throws Absent where it is not installed. */
export function optional(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error; // any error has a code or none
    throw new Absent(`${name} is not installed: npm ci --prefix bench`);
  }
}
