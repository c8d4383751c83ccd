// Transports that break their contract, each in one way: a sound one in memory, and what is spoiled about it.

import type { Transport, TransportSink } from '@halfpipe/driver';
import { bytes, ContractError, pair } from '@halfpipe/testing';

/** What is otherwise than it should be. The functions are called once for each transport. */
export interface Spoil {
  readonly transport?: (inner: Transport) => Partial<Transport>;
  readonly sink?: (sink: TransportSink, inner: Transport) => Partial<TransportSink>;
}

/** A pair of which both sides are spoiled. */
export async function spoiledPair(spoil: Spoil): Promise<readonly [Transport, Transport]> {
  const [near, far] = pair();
  return [spoiled(near, spoil), spoiled(far, spoil)];
}

function spoiled(inner: Transport, { transport, sink }: Spoil): Transport {
  return {
    halfClose: inner.halfClose,
    start: (whole) =>
      inner.start({
        bytes: (bytes) => whole.bytes(bytes),
        end: (eof) => whole.end(eof),
        writable: () => whole.writable(),
        closed: (cause) => whole.closed(cause),
        ...sink?.(whole, inner),
      }),
    write: (bytes) => inner.write(bytes),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    end: () => inner.end(),
    destroy: (cause) => inner.destroy(cause),
    ...transport?.(inner),
  };
}

/** Each with a case that it must not pass, and what that one says. */
export const broken: readonly (readonly [what: string, spoil: Spoil, failing: string, message: RegExp])[] = [
  [
    'loses a byte',
    { transport: (inner) => ({ write: (bytes) => inner.write(bytes.length > 100 ? bytes.subarray(1) : bytes) }) },
    'pieces of 1,000 bytes, both ways at once, arrive in order',
    /byte 0 is \d+, not \d+/,
  ],
  [
    'loses the last byte',
    { transport: (inner) => ({ write: (bytes) => inner.write(bytes.length === 1 ? bytes : bytes.subarray(0, -1)) }) },
    'pieces of 3 MiB, both ways at once, arrive in order',
    /byte 3145727 is \d+, not \d+/,
  ],
  [
    'changes a byte in a mebibyte',
    {
      sink(sink) {
        let read = 0;
        return {
          bytes(bytes) {
            read += bytes.length;
            if (read < 1024 * 1024) return sink.bytes(bytes);
            read = 0;
            sink.bytes(bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte)));
          },
        };
      },
    },
    '8 MiB both ways at once arrive in order',
    /Expected \w+ to get what was sent: byte \d+/,
  ],
  [
    'hands on two pieces in the wrong order',
    {
      transport(inner) {
        let held: Uint8Array | null = null;
        let written = 0;
        return {
          write(bytes) {
            if (++written === 20) held = bytes;
            else {
              inner.write(bytes);
              if (held !== null) inner.write(held);
              held = null;
            }
            return true;
          },
        };
      },
    },
    'single bytes, both ways at once, arrive in order',
    /byte 19 is \d+, not \d+/,
  ],
  [
    'hands on a piece twice',
    {
      sink(sink) {
        let came = 0;
        return {
          bytes(bytes) {
            if (++came === 7) sink.bytes(bytes);
            sink.bytes(bytes);
          },
        };
      },
    },
    'pieces of 65,537 bytes, both ways at once, arrive in order',
    /Expected \w+ to get/,
  ],
  [
    'holds back what is little',
    {
      transport(inner) {
        let held: Uint8Array[] = [];
        const flush = () => {
          for (const bytes of held) inner.write(bytes);
          held = [];
        };
        return {
          write(bytes) {
            held.push(bytes);
            if (held.length >= 10) flush();
            return true;
          },
          end() {
            flush();
            inner.end();
          },
        };
      },
    },
    'a byte by itself arrives without waiting for others',
    /waits for near to get 1 bytes/,
  ],
  [
    'uses its buffer again',
    {
      sink(sink) {
        const buffer = new Uint8Array(64 * 1024);
        return {
          bytes(bytes) {
            buffer.set(bytes);
            sink.bytes(buffer.subarray(0, bytes.length));
          },
        };
      },
    },
    'what has come may be kept: nobody changes it later',
    /what had come to be as it was: it is not at byte \d+/,
  ],
  [
    'takes the buffer away from who writes',
    {
      transport: (inner) => ({
        write(bytes) {
          if (bytes.length === 0) return true;
          const more = inner.write(bytes.slice());
          structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
          return more;
        },
      }),
    },
    'what was written stays with its writer, and what is around it stays away',
    /waits for far to get 300000 bytes \(30000 bytes so far\)/,
  ],
  [
    'sends the whole buffer of a view',
    { transport: (inner) => ({ write: (bytes) => inner.write(new Uint8Array(bytes.buffer)) }) },
    'what was written stays with its writer, and what is around it stays away',
    /byte 300000 is \d+, not \d+/,
  ],
  [
    'loses what comes before the start',
    {
      transport(inner) {
        let whole: TransportSink | null = null;
        let lost = false;
        inner.start({
          bytes: (bytes) => (whole === null ? undefined : whole.bytes(bytes)),
          end: (eof) => (whole === null ? undefined : whole.end(eof)),
          writable: () => whole?.writable(),
          closed(cause) {
            lost = whole === null;
            whole?.closed(cause);
          },
        });
        return {
          start(sink) {
            whole = sink;
            if (lost) sink.closed();
          },
        };
      },
    },
    'bytes and an end that come before the start wait for it',
    /Expected near to get 10000 bytes|waits for near to get 10000 bytes/,
  ],
  [
    'ignores a pause',
    { transport: () => ({ pause() {} }) },
    'a reader that pauses stops the writer, and loses nothing, far to near',
    /Expected the writer to be stopped|came behind it|refused/,
  ],
  [
    'never says that it is enough',
    {
      transport: (inner) => ({
        write(bytes) {
          inner.write(bytes);
          return true;
        },
      }),
      sink: () => ({ writable() {} }),
    },
    'a reader that pauses stops the writer, and loses nothing, near to far',
    /Expected the writer to be stopped/,
  ],
  [
    'never has room again',
    { sink: () => ({ writable() {} }) },
    '8 MiB both ways at once arrive in order',
    /waits for .*near to be told that there is room/,
  ],
  [
    'tells of room that nobody waits for',
    {
      sink: (sink) => ({
        bytes(bytes) {
          sink.bytes(bytes);
          sink.writable();
        },
      }),
    },
    'a byte by itself arrives without waiting for others',
    /Broken contract: \w+ tells that there is room where no write was refused/,
  ],
  [
    'stays paused',
    { transport: () => ({ resume() {} }) },
    'pausing twice is pausing once, and so is resuming',
    /waits for far to get 20000 bytes/,
  ],
  [
    'swallows the end',
    { sink: () => ({ end() {} }) },
    'the end comes behind all that was written, near to far',
    /waits for far to be told of the end/,
  ],
  [
    'closes without having told the end',
    { sink: (sink) => ({ end: () => sink.closed(), closed() {} }) },
    'the end comes behind all that was written, far to near',
    /Expected near to be told of the end before the closing|told that it is closed/,
  ],
  [
    'lets the end overtake the bytes',
    {
      sink: (sink) => ({
        bytes: (bytes) => queueMicrotask(() => queueMicrotask(() => sink.bytes(bytes))),
      }),
    },
    'the end comes behind all that was written, near to far',
    /Broken contract: far brings bytes behind its end|Expected far to get 4194304 bytes/,
  ],
  [
    'loses what is written when it ends',
    { transport: (inner) => ({ end: () => inner.destroy() }) },
    'half-close, near to far: the other direction stays open',
    /Expected|waits for/,
  ],
  [
    'tells the end twice',
    {
      sink: (sink) => ({
        end(eof) {
          sink.end(eof);
          sink.end(eof);
        },
      }),
    },
    'both ends at once',
    /Broken contract: \w+ tells the end a second time/,
  ],
  [
    'tells twice that it is closed',
    {
      sink: (sink) => ({
        closed(cause) {
          sink.closed(cause);
          sink.closed(cause);
        },
      }),
    },
    'both ends at once',
    /Broken contract: \w+ tells that it is closed when it has already told/,
  ],
  [
    'says something when it is closed',
    {
      sink: (sink) => ({
        closed(cause) {
          sink.closed(cause);
          sink.bytes(bytes('boo'));
        },
      }),
    },
    'letting go without a cause closes both sides, near to far',
    /Broken contract: \w+ tells bytes when it has already told that it is closed/,
  ],
  [
    'never tells that it is closed',
    { sink: () => ({ closed() {} }) },
    'letting go without a cause closes both sides, far to near',
    /waits for \w+ to be told that the transport is closed/,
  ],
  [
    'says that an end in order was cut short',
    { sink: (sink) => ({ end: () => sink.end('truncated') }) },
    'the server ends where its end is that of the body',
    /Expected the outcome to be "whole", got "partial-response: ERR_TRUNCATED"/,
  ],
  [
    'closes both directions at the end of one',
    {
      sink: (sink, inner) => ({
        end(eof) {
          sink.end(eof);
          inner.destroy();
        },
      }),
    },
    'half-close, far to near: the other direction stays open',
    /Expected|waits for/,
  ],
  [
    'says that it cannot half-close',
    { transport: () => ({ halfClose: false }) },
    'half-close, near to far: the other direction stays open',
    /Expected the transport to say that it can half-close/,
  ],
  [
    'makes an end of a reset',
    { transport: (inner) => ({ destroy: () => inner.destroy() }) },
    'a reset while the other side reads, near to far',
    /Expected far to see no end in order/,
  ],
  [
    'tells a reset as an end',
    {
      sink: (sink) => ({
        closed(cause) {
          if (cause !== undefined) sink.end('clean');
          sink.closed(cause);
        },
      }),
    },
    'a reset while the other side writes, far to near',
    /Expected \w+ to see no end in order/,
  ],
  [
    'forgets the cause',
    { sink: (sink) => ({ closed: () => sink.closed() }) },
    'the side that resets is told of its own cause, near to far',
    /Expected the cause that was given, got undefined/,
  ],
  [
    'does not let go',
    // Except when the case is over, or it would go on for ever.
    { transport: (inner) => ({ destroy: (cause) => cause instanceof ContractError && inner.destroy() }) },
    'a client has enough, by close(), before the response begins',
    /waits for the server to be done/,
  ],
  [
    'minds being let go of twice',
    {
      transport(inner) {
        let gone = false;
        return {
          destroy(cause) {
            if (gone) throw new Error('Cannot let go of it: it is gone');
            gone = true;
            inner.destroy(cause);
          },
        };
      },
    },
    'letting go of it once more, or when it is closed, does nothing',
    /Cannot let go of it: it is gone/,
  ],
];
