// Tests against programs that are not ours (nginx, squid, curl, ab, wrk), apart from the rest because they must be installed.

import { project } from './jest.config.js';

/** @type {import('jest').Config} */
export default { ...project('interop', 'interop/**/*.interop.ts'), testTimeout: 60_000 };
