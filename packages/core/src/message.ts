// What messages are made of: header lists, heads, and the small grammars (tokens, lists, targets, hosts) of RFC 9110 §5
// and RFC 9112 §3. Pure: knows nothing of bytes, roles or connections.

/** Fields as pairs of name and value: an array of pairs, a Map, a HeaderList, a fetch Headers. */
export type HeaderPairs = Iterable<readonly [name: string, value: string]>;

/** The fields of a message in the order and the case of the wire (RFC 9110 §5). One character stands for one byte. */
export class HeaderList implements Iterable<[string, string]> {
  /** `[name, value, name, value, …]` as on the wire, optional whitespace around the values removed. */
  readonly raw: readonly string[];

  constructor(init?: HeaderPairs);
  /** @internal */
  constructor(init: undefined, raw: readonly string[]);
  constructor(init?: HeaderPairs, raw?: readonly string[]) {
    this.raw = raw ?? rawOf(init);
  }

  /**
   * The values of every field of that name, joined by ", " (RFC 9110 §5.3), or null if there is none. The name is
   * case-insensitive. Of Set-Cookie, whose values cannot be joined, the first (RFC 6265 §3).
   */
  get(name: string): string | null {
    const { raw } = this;
    const wanted = name.toLowerCase();
    let value: string | null = null;
    for (let i = 0; i < raw.length; i += 2) {
      const field = raw[i]!; // i < raw.length
      if (field.length !== wanted.length || (field !== name && field.toLowerCase() !== wanted)) continue;
      if (value === null)
        value = raw[i + 1]!; // raw holds pairs
      else if (wanted === 'set-cookie') return value;
      else value += `, ${raw[i + 1]!}`;
    }
    return value;
  }

  /** The values of every field of that name (case-insensitive), in order; empty if there is none. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (let i = 0; i < this.raw.length; i += 2) {
      if (this.raw[i]!.toLowerCase() === wanted) values.push(this.raw[i + 1]!); // raw holds pairs
    }
    return values;
  }

  /** Is there a field of that name (case-insensitive)? */
  has(name: string): boolean {
    const wanted = name.toLowerCase();
    for (let i = 0; i < this.raw.length; i += 2) {
      if (this.raw[i]!.toLowerCase() === wanted) return true; // i < raw.length
    }
    return false;
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (let i = 0; i < this.raw.length; i += 2) yield [this.raw[i]!, this.raw[i + 1]!]; // raw holds pairs
  }
}

function rawOf(pairs: HeaderPairs | undefined): string[] {
  const raw: string[] = [];
  if (pairs !== undefined) for (const [name, value] of pairs) raw.push(name, value);
  return raw;
}

/** A HeaderList over an array of names and values that nobody else will change. */
export function headerListOf(raw: readonly string[]): HeaderList {
  return new HeaderList(undefined, raw);
}

/** A request to send. The target goes out as it is: `/path?query`, an absolute URI, `host:port` for CONNECT, or `*`. */
export interface OutgoingRequest {
  method: string;
  target: string;
  /** Must hold Host (RFC 9112 §3.2). Characters above U+00FF are refused: encode them first. */
  headers?: HeaderPairs;
}

/** A response to send. */
export interface OutgoingResponse {
  /** 200 to 999, or 101; 100 to 199 for `inform()`. */
  status: number;
  /** Default: the standard phrase of the status (RFC 9110 §15), or nothing. */
  reason?: string;
  headers?: HeaderPairs;
}

/** How the end of a message's body is found (RFC 9112 §6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close';

/** Departures from the RFCs that some peers need. Each is off, named, and allowed alone; a head that used one lists it in `relaxed`. */
export type Relaxation =
  | 'missing-host'
  | 'bare-lf'
  | 'obs-fold'
  | 'space-before-colon'
  | 'leading-whitespace'
  | 'non-ascii-target';

/** What request heads and response heads share. */
export interface Head {
  /** The peer's version; a higher minor version than 1 reads as 1.1 (RFC 9110 §2.5). */
  readonly version: '1.0' | '1.1';
  readonly headers: HeaderList;
  readonly framing: Framing;
  /** The Content-Length that the head states, in bytes, whether or not a body follows; null without one. */
  readonly contentLength: number | null;
  /** The relaxations that were needed to read it; usually empty. */
  readonly relaxed: readonly Relaxation[];
}

/** A request as received (RFC 9112 §3). */
export interface RequestHead extends Head {
  readonly method: string;
  readonly target: string;
}

/** A response as received (RFC 9112 §4). */
export interface ResponseHead extends Head {
  readonly status: number;
  readonly reason: string;
}

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** May the method be repeated with the effect of one request (RFC 9110 §9.2.2)? Unknown methods may not. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method);
}

const reasons: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
};

/** The standard phrase of a status code, or the empty string. */
export function reasonOf(status: number): string {
  return reasons[status] ?? '';
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Is it a token (RFC 9110 §5.6.2): a method, a field name? */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** May it stand in a field value or a reason phrase (RFC 9110 §5.5): no CR, LF, NUL, other control, or character above U+00FF? */
export function isFieldValue(text: string): boolean {
  return fieldValue.test(text);
}

/** Removes optional whitespace, which is SP and HTAB and nothing else (RFC 9110 §5.6.3); String.trim would take more. */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The elements of a comma-separated list in lower case, empty ones left out (RFC 9110 §5.6.1.2). */
export function listElements(value: string): string[] {
  const elements: string[] = [];
  for (const part of value.split(',')) {
    const element = trimWhitespace(part);
    if (element !== '') elements.push(element.toLowerCase());
  }
  return elements;
}

/** Does each protocol named there answer one that was asked for, and is there one (RFC 9110 §7.8)? A name alone stands for any version of it. */
export function answersUpgrade(named: string, asked: string): boolean {
  const wanted = listElements(asked);
  const protocols = listElements(named);
  const answers = (protocol: string) =>
    wanted.some((other) => other === protocol || other === nameOf(protocol) || nameOf(other) === protocol);
  return protocols.length > 0 && protocols.every(answers);
}

function nameOf(protocol: string): string {
  return protocol.split('/', 1)[0] ?? '';
}

// "uri-host [":" port]" (RFC 9110 §7.2) without the comma, which the grammar of a reg-name allows and which turns two Host
// values into one, and without an empty host, which no http URI has (RFC 9110 §4.2.1).
const host =
  /^(?:\[(?:([0-9A-Fa-f:.]+)|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+;=:]+)\]|(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?$/;

/** Is it a valid, non-empty value of Host (RFC 9112 §3.2)? */
export function isHost(value: string): boolean {
  const match = host.exec(value);
  return match !== null && (match[1] === undefined || isIPv6(match[1]));
}

const group = /^[0-9A-Fa-f]{1,4}$/;
const ipv4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;

/** Eight groups, a run of which may be left out once, and the last two of which may be an IPv4 address (RFC 3986 §3.2.2). */
function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  let size = groups.length;
  if (groups.at(-1)?.includes('.') === true && !text.endsWith(':')) {
    if (!ipv4.test(groups.pop() ?? '')) return false;
    size++; // it stands for two groups
  }
  return groups.every((each) => group.test(each)) && (halves.length === 2 ? size <= 7 : size === 8);
}

const absoluteForm = /^[A-Za-z][A-Za-z0-9+\-.]*:\/\/([^/?]*)/;
const portAtEnd = /:([0-9]{1,5})$/;

/** Is the target in a form that the method may have (RFC 9112 §3.2)? Its characters are checked elsewhere. */
export function isTarget(method: string, target: string): boolean {
  if (method === 'CONNECT') {
    const port = Number(portAtEnd.exec(target)?.[1] ?? 0);
    return isHost(target) && port >= 1 && port <= 65_535; // RFC 9110 §9.3.6
  }
  if (target.charCodeAt(0) === 0x2f) return true;
  if (target === '*') return method === 'OPTIONS';
  const authority = absoluteForm.exec(target)?.[1];
  return authority !== undefined && isHost(authority); // no userinfo either (RFC 9110 §4.2.4)
}

/** The authority of a target in absolute-form, or null (RFC 9112 §3.2.2). */
export function authorityOf(target: string): string | null {
  return target.charCodeAt(0) === 0x2f ? null : (absoluteForm.exec(target)?.[1] ?? null);
}

/** A piece of the peer's text for an error message: short, and with nothing that moves a cursor. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  // What JSON leaves as it is: DEL, and the C1 controls, some of which begin an escape sequence.
  return JSON.stringify(shown).replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}
