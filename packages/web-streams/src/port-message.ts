// What two transports say to each other over a pair of MessagePorts, and what they make of anything else.
// Knows messages only: no port, no order of messages, no state.

import { isBytes } from './bytes.ts';

/**
 * A message. Each side begins with a credit of `windowSize` bytes: it sends no more than that without being told that the other has
 * taken some.
 *
 * - `bytes`: at least one, in order. Nothing of the kind comes behind `end`.
 * - `taken`: the sender of this has passed on so many bytes, and may be sent as many more.
 * - `end`: there will be no more bytes. The other direction stays open.
 * - `close`: the sender is gone, in order: nothing that it had to send is missing.
 * - `reset`: the sender is gone, and not in order; the text says why.
 */
export type PortMessage =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'taken'; readonly size: number }
  | { readonly type: 'end' }
  | { readonly type: 'close' }
  | { readonly type: 'reset'; readonly cause: string };

/** Bytes that may be sent and not yet taken. */
export const windowSize: number = 256 * 1024;

/** The message that this is, or null. */
export function portMessage(data: unknown): PortMessage | null {
  if (typeof data !== 'object' || data === null || !('type' in data)) return null;
  switch (data.type) {
    case 'bytes':
      if (!('bytes' in data) || !isBytes(data.bytes) || data.bytes.length === 0) return null;
      return { type: 'bytes', bytes: data.bytes };
    case 'taken':
      if (!('size' in data) || !isSize(data.size)) return null;
      return { type: 'taken', size: data.size };
    case 'end':
    case 'close':
      return { type: data.type };
    case 'reset':
      if (!('cause' in data) || typeof data.cause !== 'string') return null;
      return { type: 'reset', cause: data.cause };
    default:
      return null;
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
