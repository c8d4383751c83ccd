// Messages of every valid shape, by seed: as values to send, and as bytes written in the many ways that the grammar allows
// (RFC 9112 §3 to §7). Writes bytes on its own, so that a mistake of the serializer cannot hide here.

import fc from 'fast-check';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Body {
  /** 'length' is given whole, 'stated' piece by piece behind a Content-Length of the caller's, 'chunked' with nothing said. */
  readonly kind: 'none' | 'length' | 'stated' | 'chunked';
  readonly pieces: readonly string[];
  /** Only of chunks. */
  readonly trailers: Fields;
}

export interface RequestModel {
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
  readonly body: Body;
  /** It waits for 100 before its body goes (RFC 9110 §10.1.1). */
  readonly expects: boolean;
}

export interface ResponseModel {
  readonly interim: readonly number[];
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Body;
}

export interface ExchangeModel {
  readonly request: RequestModel;
  readonly response: ResponseModel;
}

const alphanumeric = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
const tokenUnit = fc.constantFrom(...alphanumeric, ..."!#$%&'*+-.^_`|~");
const targetUnit = fc.constantFrom(...alphanumeric, ...'/?&=%._~-:@!$\'()*+,;"<>[]{}|\\^`');
const visible = fc.constantFrom(...alphanumeric, ...'!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~', '\xe9', '\x80', '\xff');
const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

// Names that mean nothing to the core; those that do are written by who frames the message.
const known = /^(?:te|host|expect|upgrade|connection|keep-alive|content-length|transfer-encoding|proxy-connection)$/i;
const forbiddenInTrailers =
  /^(?:authorization|cache-control|content-.*|max-forwards|proxy-.*|range|set-cookie|te|trailer|www-authenticate)$/i;
const name = fc.string({ unit: tokenUnit, minLength: 1, maxLength: 12 }).filter((text) => !known.test(text));
const trailerName = name.filter((text) => !forbiddenInTrailers.test(text));

// No white space at the ends, which is not part of a value.
const value = fc
  .string({
    unit: fc.oneof({ weight: 8, arbitrary: visible }, { weight: 1, arbitrary: fc.constantFrom(' ', '\t') }),
    maxLength: 30,
  })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const reason = value;

const fields = fc.array(fc.tuple(name, value), { maxLength: 5 });
const trailers = fc.array(fc.tuple(trailerName, value), { maxLength: 3 });

// What would end a body early if it were read as anything but data.
const trap = fc.constantFrom(
  '\r\n',
  '0\r\n\r\n',
  '\r\n0\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '5;a="\r\n',
);
const piece = fc.oneof(fc.string({ unit: byte, maxLength: 40 }), trap, fc.constant('x'.repeat(1_500)));

const noBody: Body = { kind: 'none', pieces: [], trailers: [] };
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constant(noBody),
  fc.record({
    kind: fc.constantFrom('length' as const, 'stated' as const),
    pieces: fc.array(piece, { maxLength: 4 }),
    trailers: fc.constant([]),
  }),
  fc.record({ kind: fc.constant('chunked' as const), pieces: fc.array(piece, { maxLength: 4 }), trailers }),
);

// Only methods that every parser knows.
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
const target = fc.string({ unit: targetUnit, maxLength: 30 }).map((text) => `/${text}`);

const wish = fc.constantFrom(true, false, false, false);

export const request: fc.Arbitrary<RequestModel> = fc
  .record({ method, target, fields, body, expects: wish })
  .map((model) => ({ ...model, expects: model.expects && promises(model.body) }));

/** Does content follow the head? */
function promises(what: Body): boolean {
  return what.kind === 'chunked' || textOfBody(what) !== '';
}

const finalResponse = fc.record({
  interim: fc.array(fc.constantFrom(100, 102, 103, 199), { maxLength: 2 }),
  status: fc.constantFrom(200, 201, 203, 206, 299, 301, 400, 404, 500, 503),
  reason,
  fields,
  body,
});

/** A response to HEAD may have a body here: it is what GET would have got, and must not be written. */
export const exchange: fc.Arbitrary<ExchangeModel> = fc
  .tuple(request, finalResponse, fc.constantFrom(204, 304, 205, 0, 0, 0, 0))
  .map(([asked, full, bodiless]) => {
    return { request: asked, response: bodiless === 0 ? full : { ...full, body: noBody, status: bodiless } };
  });

/** How bytes may be written otherwise and mean the same. */
export interface Writing {
  readonly before: string;
  readonly behind: string;
  readonly lower: boolean;
  readonly zeros: number;
  readonly extension: string;
}

export const writing: fc.Arbitrary<Writing> = fc.record({
  before: fc.constantFrom('', ' ', '\t', ' \t '),
  behind: fc.constantFrom('', ' ', '\t', ' \t '),
  lower: fc.boolean(),
  zeros: fc.integer({ min: 0, max: 4 }),
  extension: fc.constantFrom('', ';a', ';a=b', ';a="\\"; \xff"', ' ; a\t=\tb', ';a;b=c'),
});

/** The field that announces the body, then the body. */
function framed({ kind, pieces, trailers: behind }: Body, how: Writing): [announced: Fields, bytes: string] {
  const named = (text: string) => (how.lower ? text.toLowerCase() : text);
  if (kind === 'none') return [[], ''];
  const whole = pieces.join('');
  if (kind !== 'chunked') return [[[named('Content-Length'), '0'.repeat(how.zeros) + whole.length]], whole];
  const line = (size: number) =>
    `${'0'.repeat(how.zeros)}${how.lower ? size.toString(16) : size.toString(16).toUpperCase()}${how.extension}\r\n`;
  const chunks = pieces.filter((each) => each !== '').map((each) => `${line(each.length)}${each}\r\n`);
  return [[[named('Transfer-Encoding'), named('Chunked')]], `${chunks.join('')}${line(0)}${written(behind, how)}\r\n`];
}

function written(all: Fields, { before, behind }: Writing): string {
  return all.map(([field, text]) => `${field}:${before}${text}${behind}\r\n`).join('');
}

export function writtenRequest(model: RequestModel, how: Writing): string {
  const [announced, bytes] = framed(model.body, how);
  const head = written([['Host', 'a.example'], ...model.fields, ...announced], how);
  return `${model.method} ${model.target} HTTP/1.1\r\n${head}\r\n${bytes}`;
}

/** A response to that method. One that has no body by nothing else says so. */
export function writtenResponse(model: ResponseModel, how: Writing, to: string): string {
  const interim = model.interim.map((status) => `HTTP/1.1 ${status} \r\n\r\n`).join('');
  const [said, bytes] = framed(model.body, how);
  const hasBody = mayHaveBody(model, to);
  const announced: Fields = hasBody && model.body.kind === 'none' ? [['Content-Length', '0']] : said;
  const head = written([...model.fields, ...announced], how);
  return `${interim}HTTP/1.1 ${model.status} ${model.reason}\r\n${head}\r\n${hasBody ? bytes : ''}`;
}

/** Has a response with that status to that method a body, if only an empty one (RFC 9112 §6.3)? */
export function mayHaveBody({ status }: ResponseModel, method: string): boolean {
  return method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
}

/** What there is to write where no field is written twice, or for nothing: the bytes that a request must come to. */
export function exactRequest(
  { method, target, fields: own, body: content, expects }: RequestModel,
  last = false,
): string {
  const anticipated = /^(?:POST|PUT|PATCH)$/.test(method);
  const framing = content.kind === 'none' ? (anticipated ? 'Content-Length: 0\r\n' : '') : framingOf(content);
  const fieldLines = exactly([
    ['Host', 'a.example'],
    ...(expects ? expectation : []),
    ...own,
    ...(last ? closing : []),
  ]);
  return `${method} ${target} HTTP/1.1\r\n${fieldLines}${framing}\r\n${exactBody(content)}`;
}

/** What a response is written to: the request, and what becomes of the connection. */
export interface Answered {
  readonly method: string;
  readonly version: '1.0' | '1.1';
  /** Who says that it is the last, if anybody. */
  readonly closes: 'client' | 'server' | null;
}

const standardReasons: Readonly<Record<number, string>> = { 100: 'Continue', 102: 'Processing', 103: 'Early Hints' };

/** The bytes that a response must come to. */
export function exactResponse(model: ResponseModel, { method, version, closes }: Answered): string {
  const { status, reason: phrase, fields: own, body: content } = model;
  const interims = version === '1.0' ? [] : model.interim;
  const interim = interims.map((each) => `HTTP/1.1 ${each} ${standardReasons[each] ?? ''}\r\n\r\n`).join('');
  const untilClose = version === '1.0' && content.kind === 'chunked';
  let framing = '';
  // A reset says in any case that it has none (RFC 9110 §15.3.6).
  if (content.kind === 'none') framing = mayHaveBody(model, method) || status === 205 ? 'Content-Length: 0\r\n' : '';
  else if (!untilClose) framing = framingOf(content);
  const ends = closes !== null || (untilClose && method !== 'HEAD');
  const kept = version === '1.0' && !ends ? 'Connection: keep-alive\r\n' : '';
  const said = closes === 'server' ? exactly(closing) : '';
  const owed = ends && closes !== 'server' ? exactly(closing) : kept;
  const bytes = !mayHaveBody(model, method) ? '' : untilClose ? textOfBody(content) : exactBody(content);
  return `${interim}HTTP/1.1 ${status} ${phrase}\r\n${exactly(own)}${said}${framing}${owed}\r\n${bytes}`;
}

export const closing: Fields = [['Connection', 'close']];
export const expectation: Fields = [['Expect', '100-continue']];

function framingOf(content: Body): string {
  if (content.kind === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  return `Content-Length: ${textOfBody(content).length}\r\n`;
}

function exactBody({ kind, pieces, trailers: behind }: Body): string {
  if (kind !== 'chunked') return pieces.join('');
  const chunks = pieces.filter((each) => each !== '').map((each) => `${each.length.toString(16)}\r\n${each}\r\n`);
  return `${chunks.join('')}0\r\n${exactly(behind)}\r\n`;
}

function exactly(all: Fields): string {
  return all.map(([field, text]) => `${field}: ${text}\r\n`).join('');
}

/** The whole of a body. */
export function textOfBody({ pieces }: Body): string {
  return pieces.join('');
}
