// Messages of every valid shape, by seed: as values to send, and as bytes written in the many ways that the grammar allows
// (RFC 9112 §3 to §7). Writes bytes on its own, so that a mistake of the serializer cannot hide here.

import fc from 'fast-check';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Body {
  readonly kind: 'none' | 'length' | 'chunked';
  readonly pieces: readonly string[];
  /** Only of chunks. */
  readonly trailers: Fields;
}

export interface RequestModel {
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
  readonly body: Body;
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
  fc.array(piece, { maxLength: 4 }).map((pieces): Body => ({ kind: 'length', pieces, trailers: [] })),
  fc.record({ kind: fc.constant('chunked' as const), pieces: fc.array(piece, { maxLength: 4 }), trailers }),
);

// Only methods that every parser knows.
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
const target = fc.string({ unit: targetUnit, maxLength: 30 }).map((text) => `/${text}`);

export const request: fc.Arbitrary<RequestModel> = fc.record({ method, target, fields, body });

const finalResponse = fc.record({
  interim: fc.array(fc.constantFrom(100, 102, 103, 199), { maxLength: 2 }),
  status: fc.constantFrom(200, 201, 203, 206, 299, 301, 400, 404, 500, 503),
  reason,
  fields,
  body,
});
const emptyResponse = finalResponse.map((response): ResponseModel => ({ ...response, body: noBody }));

export const exchange: fc.Arbitrary<ExchangeModel> = fc
  .tuple(request, finalResponse, emptyResponse, fc.constantFrom(204, 304, 0, 0, 0, 0))
  .map(([asked, full, empty, bodiless]) => {
    if (bodiless !== 0) return { request: asked, response: { ...empty, status: bodiless } };
    return { request: asked, response: asked.method === 'HEAD' ? empty : full };
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
  if (kind === 'length') return [[[named('Content-Length'), '0'.repeat(how.zeros) + whole.length]], whole];
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

export function writtenResponse(model: ResponseModel, how: Writing): string {
  const interim = model.interim.map((status) => `HTTP/1.1 ${status} \r\n\r\n`).join('');
  const [announced, bytes] = framed(model.body, how);
  return `${interim}HTTP/1.1 ${model.status} ${model.reason}\r\n${written([...model.fields, ...announced], how)}\r\n${bytes}`;
}

/** The whole of a body. */
export function textOfBody({ pieces }: Body): string {
  return pieces.join('');
}
