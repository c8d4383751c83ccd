// The module that Workers open sockets with, as much of it as is used here.
declare module 'cloudflare:sockets' {
  export function connect(
    address: { hostname: string; port: number },
    options: { allowHalfOpen: boolean },
  ): {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
    readonly opened: Promise<unknown>;
  };
}
