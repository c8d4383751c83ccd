// Which fields of a Headers go on the wire, and in what order. Knows what belongs to one connection and is therefore not fetch's to say.

/** RFC 9110 §7.6.1, and Trailer: a fetch body has none. */
const ofOneConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The fields without those of one connection and those that Connection names, so that what one connection brought can be given to
 * another. `Connection: close` stays: that is an order, and its loss would be noticed. Each Set-Cookie is a field of its own.
 */
export function endToEnd(headers: Headers): [name: string, value: string][] {
  const options = (headers.get('connection') ?? '').split(',').map((option) => option.trim().toLowerCase());
  const fields: [string, string][] = [];
  for (const [name, value] of headers) {
    // Some runtimes iterate over cookies joined.
    if (name !== 'set-cookie' && !ofOneConnection.has(name) && !options.includes(name)) fields.push([name, value]);
  }
  for (const value of headers.getSetCookie()) fields.push(['set-cookie', value]);
  if (options.includes('close')) fields.push(['connection', 'close']);
  return fields;
}
