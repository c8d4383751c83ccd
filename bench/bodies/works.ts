// What is transferred: a large body, in one direction, framed in one of two ways, by a client or a server.

export interface Work {
  readonly role: 'server' | 'client';
  /** As the client sees it. */
  readonly direction: 'up' | 'down';
  readonly framing: 'length' | 'chunked';
  /** Of the body, in bytes. */
  readonly size: number;
}

export function worksOf(size: number): Work[] {
  return (['server', 'client'] as const).flatMap((role) =>
    (['down', 'up'] as const).flatMap((direction) =>
      (['length', 'chunked'] as const).map((framing) => ({ role, direction, framing, size })),
    ),
  );
}

export function nameOf({ role, direction, framing }: Work): string {
  return `${role}, ${direction}, ${framing}`;
}

export function targetOf({ direction, framing, size }: Work): string {
  return `/${direction}/${framing}/${size}`;
}

/** What a target asks for. Throws where it is none of ours. */
export function asked(target: string): Pick<Work, 'direction' | 'framing' | 'size'> {
  const [, direction, framing, size] = target.split('/');
  if (direction !== 'up' && direction !== 'down') throw new Error(`Cannot answer ${target}`);
  return { direction, framing: framing === 'chunked' ? 'chunked' : 'length', size: Number(size) };
}

/** Bodies are made of this over and over. */
export const piece: Uint8Array<ArrayBuffer> = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** The pieces of a body of that size. */
export function* pieces(size: number): Generator<Uint8Array<ArrayBuffer>, undefined> {
  for (let at = 0; at < size; at += piece.length) {
    yield size - at < piece.length ? piece.subarray(0, size - at) : piece;
  }
}

/** What a server says when it has read a body. */
export function receipt(size: number): string {
  return `Read ${size} bytes`;
}
