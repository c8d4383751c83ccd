// What is read: messages of a kept connection, whole, or in the pieces that a network makes of them.

import {
  browserRequest,
  chunkedRequest,
  largeRequest,
  siteResponse,
  smallRequest,
  smallResponse,
} from '../harness/messages.ts';

export type Kind = 'request' | 'response';

export interface Work {
  readonly kind: Kind;
  readonly messages: number;
  readonly pieces: readonly Uint8Array[];
  /** The message that is repeated, and how much of it is head. */
  readonly message: Uint8Array;
  readonly head: number;
}

/** What fits into a packet of Ethernet. */
const packet = 1460;

const heads: readonly [string, Kind, Uint8Array][] = [
  ['GET, 49 B', 'request', smallRequest],
  ['GET, 703 B', 'request', browserRequest],
  ['GET, 8 KiB', 'request', largeRequest],
  ['200, 78 B', 'response', smallResponse],
  ['200, 613 B', 'response', siteResponse],
];

const bodies: readonly [string, Kind, Uint8Array][] = [
  ['64 chunks of 16 B', 'request', chunkedRequest(16, 64)],
  ['64 chunks of 1 KiB', 'request', chunkedRequest(1024, 64)],
  ['16 chunks of 64 KiB', 'request', chunkedRequest(65_536, 16)],
];

export const tables: Readonly<Record<string, Readonly<Record<string, Work>>>> = {
  'a head, whole': named(heads, '', whole),
  'a head, in a stream cut every 1,460 bytes': named(heads, ', cut', inPackets),
  'a chunked request, whole': named(bodies, '', whole),
  'a chunked request, in a stream cut every 1,460 bytes': named(bodies, ', cut', inPackets),
};

export const works: Readonly<Record<string, Work>> = Object.assign({}, ...Object.values(tables));

function named(
  messages: readonly [string, Kind, Uint8Array][],
  suffix: string,
  cut: (message: Uint8Array) => Pick<Work, 'messages' | 'pieces'>,
): Readonly<Record<string, Work>> {
  return Object.fromEntries(
    messages.map(([name, kind, message]): [string, Work] => {
      const head = Buffer.from(message).indexOf('\r\n\r\n') + 4;
      return [name + suffix, { kind, message, head, ...cut(message) }];
    }),
  );
}

function whole(message: Uint8Array): Pick<Work, 'messages' | 'pieces'> {
  return { messages: 1, pieces: [message] };
}

/** As many messages as fill 16 packets, so that cuts fall everywhere, one into most of the small ones too. */
function inPackets(message: Uint8Array): Pick<Work, 'messages' | 'pieces'> {
  const messages = Math.ceil((16 * packet) / message.length);
  const stream = Buffer.concat(Array.from({ length: messages }, () => message));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += packet) pieces.push(stream.subarray(at, at + packet));
  return { messages, pieces };
}
