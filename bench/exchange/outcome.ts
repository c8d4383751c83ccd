// What came of an exchange, said in a form that all must agree on: whatever fields a library adds of its own is left out.

/** A message as a library has handed it over. */
export interface Received {
  /** The request-target or the status. */
  start: string | number;
  /** Field names and values. */
  strings: number;
  body: number;
}

export function said(request: Received | null, response: Received | Buffer | null): string {
  return JSON.stringify({ request, response: response instanceof Buffer ? read(response) : response });
}

/** A response on the wire: its status and its body; how many fields there are is everybody's own business. */
function read(bytes: Buffer): Omit<Received, 'strings'> {
  const [status] = /^HTTP\/1\.1 \d{3}/.exec(bytes.toString('latin1')) ?? ['nothing'];
  return { start: status, body: bytes.length - (bytes.indexOf('\r\n\r\n') + 4) };
}
