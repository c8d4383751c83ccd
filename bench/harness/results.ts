// A whole run in JSON: what was measured, where and when.

import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Settings } from './family.ts';
import type { Report } from './report.ts';

export interface Results {
  readonly machine: {
    readonly node: string;
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memory: string;
    readonly date: string;
  };
  readonly settings: Settings;
  readonly minutes: number;
  readonly reports: readonly Report[];
}

export function thisMachine(): Results['machine'] {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    date: new Date().toISOString(),
  };
}

/** Four digits of each number are more than their spread leaves room for. */
export async function save(path: string, results: Results): Promise<void> {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  await writeFile(path, `${JSON.stringify(results, rounded, 2)}\n`);
  // As everything here is formatted. Where the formatter is not, or the file is elsewhere, it stays as it is.
  spawnSync(process.execPath, [
    fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome')),
    'format',
    '--write',
    path,
  ]);
}

export async function load(path: string): Promise<Results> {
  return JSON.parse(await readFile(path, 'utf8')) as Results; // written by save
}
