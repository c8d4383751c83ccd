// The seam between the driver and whatever carries its bytes. An adapter fills it; the driver never looks behind it.
// Types only. It knows of one open, duplex stream of bytes, and refuses to know HTTP, promises (except to dial) and any platform.

/**
 * How the peer's direction ended. `clean`: a FIN, or a TLS close_notify. `truncated`: the transport knows that something is missing,
 * as when a TLS stream stops without close_notify (RFC 9112 §9.8). `unknown`: it cannot tell.
 */
export type EndOfInput = 'clean' | 'truncated' | 'unknown';

/** What an adapter makes of a socket, a connection of another runtime, a pair of Web Streams, or anything that carries bytes both ways. */
export interface Transport {
  /** Whether `end()` leaves the other direction open. Where it is false, `end()` closes both once what was written has gone out. */
  readonly halfClose: boolean;
  /** Names who is told of everything; called once, and may call the sink before it returns. Nothing arrives earlier. */
  start(sink: TransportSink): void;
  /** Takes the bytes in any case. `false`: the caller should send nothing more until `sink.writable()`. The bytes are never changed later. */
  write(bytes: Uint8Array): boolean;
  /** Asks for no more `sink.bytes()`; what was already on its way may still come. Idempotent. */
  pause(): void;
  /** Undoes `pause()`. Idempotent. */
  resume(): void;
  /** A FIN or close_notify after everything written. Called at most once; `write` is not called after it. */
  end(): void;
  /** Lets go at once. With a cause, or where something is not yet sent, which is dropped, in a way the peer can tell from an orderly end, if there is one. Idempotent. */
  destroy(cause?: unknown): void;
}

/** Who a transport tells. Its methods never throw; they may be called from inside the transport's own methods. */
export interface TransportSink {
  /** Bytes have come. They are kept as views, so the buffer must not be used again. */
  bytes(bytes: Uint8Array): void;
  /** The peer will send no more. At most once. */
  end(eof: EndOfInput): void;
  /** After a `write` that returned false: what was written has gone out, and more is welcome. */
  writable(): void;
  /** The transport is gone, both directions; the last call, and only once. A cause means that it did not end in order. */
  closed(cause?: unknown): void;
}

/** Dials. The signal aborts when the result is no longer wanted; a transport that comes nevertheless is destroyed. */
export type Open = (signal: AbortSignal) => Promise<Transport>;
