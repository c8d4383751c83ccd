// A handler that is served in memory to a client of bytes: what it answers, as it is on the wire.

import { type Handler, type ServeOptions, serve } from '@halfpipe/driver';
import { bytes, pair, text } from '@halfpipe/testing';

/** Sends a request and FIN, and gives all that comes back, without its Date. */
export async function answerTo(handler: Handler, request: string, options: ServeOptions = {}): Promise<string> {
  const [near, far] = pair();
  const serving = serve(far, handler, options);
  let received = '';
  near.start({
    bytes: (piece) => {
      received += text(piece);
    },
    end: () => {},
    writable: () => {},
    closed: () => {},
  });
  near.write(bytes(request));
  near.end();
  await serving.done;
  return received.replace(/^Date: .*\r\n/m, '');
}

/** A request of that method, on a connection of its own, for `http://a.example/`. */
export function asking(method: string, rest = ''): string {
  return `${method} / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${rest}\r\n`;
}
