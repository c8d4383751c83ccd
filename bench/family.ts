// One family of measurements, in a process of its own: what one leaves behind in heap and compiled code is not the next one's to bear.

import { families } from './families.ts';
import type { Settings } from './harness/family.ts';

const [name = '', settings = ''] = process.argv.slice(2);
const family = families[name];
if (family === undefined) throw new Error(`There is no family ${name}`);
const reports = await family(JSON.parse(settings) as Settings); // who starts this writes them
process.send?.(reports, () => process.disconnect());
