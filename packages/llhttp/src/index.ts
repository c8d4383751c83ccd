// The public names of this package, and nothing else.

export { WebAssemblyError } from './errors.ts';
export { secondOpinion } from './second-opinion.ts';
