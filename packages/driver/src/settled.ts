// A promise that is settled from outside, and made when somebody asks for it. Knows nothing of who waits for it.

export class Settled<T> {
  #promise: Promise<T> | null = null;
  #resolve: ((value: T) => void) | null = null;
  #result: { readonly value: T } | null = null;

  get promise(): Promise<T> {
    this.#promise ??= new Promise((resolve) => {
      if (this.#result !== null) resolve(this.#result.value);
      else this.#resolve = resolve;
    });
    return this.#promise;
  }

  resolve(value: T): void {
    this.#result ??= { value };
    this.#resolve?.(value);
    this.#resolve = null;
  }
}
