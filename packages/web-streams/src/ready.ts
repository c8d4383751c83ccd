// How much of a stream is there already. The stream of a Response does not say its size, but one that was made of text or bytes gives
// them all without waiting for anything: then they can go out in one piece, under their Content-Length. Waits for no timer and no I/O.

/**
 * How many microtasks a piece may take. Of Node 20, 22 and 26, Deno 2.9 and Bun 1.4 none takes more than six for what is in memory
 * (2026-11); a stream that is not ready pays for all of them, once.
 */
const patience = 12;
/** More than one piece is read only up to here, in bytes. */
const readySize = 64 * 1024;
/** A source may also give empty pieces for ever. */
const readyLength = 16;

/**
 * All that a stream gives, if it does so without waiting; else a stream of what was read and what is still to come, which reads on only
 * when asked, and cancels the source when it is cancelled. Rejects with the stream's error, or a TypeError if a piece is no Uint8Array.
 */
export async function ready(stream: ReadableStream<Uint8Array>): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const step = reader.read();
    if (!(await isSettledSoon(step))) return resumed(reader, pieces, step);
    const { done, value } = await step;
    if (done) return joined(pieces, size);
    if (!(value instanceof Uint8Array)) {
      const error = new TypeError(`Cannot send a piece of a body that is not a Uint8Array: ${typeof value}`);
      reader.cancel(error).catch(() => {});
      throw error;
    }
    pieces.push(value);
    size += value.length;
    if (pieces.length === readyLength || (pieces.length > 1 && size > readySize)) return resumed(reader, pieces, null);
  }
}

async function isSettledSoon(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < patience && !settled; turn++) await null;
  return settled;
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

function resumed(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  pieces: Uint8Array[],
  pending: ReturnType<typeof reader.read> | null,
): ReadableStream<Uint8Array> {
  let next = pending;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = pieces.shift();
        if (piece !== undefined) return controller.enqueue(piece);
        const step = next ?? reader.read();
        next = null;
        const { done, value } = await step;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (cause) => reader.cancel(cause),
    },
    { highWaterMark: 0 },
  );
}
