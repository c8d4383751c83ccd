// The one error of this package: llhttp is WebAssembly, and there are places that do not run it.

/** llhttp cannot be loaded: no WebAssembly here, or none that may be compiled now. `cause` is what the platform said. */
export class WebAssemblyError extends Error {
  override readonly name = 'WebAssemblyError';
  readonly code = 'ERR_WEBASSEMBLY';

  constructor(cause: unknown) {
    super('Cannot load llhttp: WebAssembly cannot be compiled here', { cause });
  }
}
