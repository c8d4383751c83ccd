// Where a body ends: the rules of RFC 9112 §6.3 for what is received, and RFC 9110 §8.6 for what is sent.

import {
  type BodyPlan,
  type Framed,
  parseLength,
  requestFraming,
  responseFraming,
  sendRequestFraming,
  sendResponseFraming,
} from '../src/framing.ts';
import { RemoteProtocolError } from '../src/index.ts';

type Version = '1.0' | '1.1';

/** `chunked`, `length 5`, or the code of the mistake. */
function shown(framed: Framed | RemoteProtocolError): string {
  if (framed instanceof RemoteProtocolError) return `${framed.code} ${framed.status}`;
  const said = framed.contentLength === null ? '' : ` of ${framed.contentLength}`;
  return framed.framing === 'length' ? `length ${framed.size}${said}` : `${framed.framing}${said}`;
}

const fields = (transferEncoding: string | null, contentLength: string | null) => ({ transferEncoding, contentLength });

describe('received (RFC 9112 §6.3)', () => {
  test.each<[string, string, Version, string | null, string | null, string]>([
    ['neither field: no body', 'POST', '1.1', null, null, 'none'],
    ['a length', 'POST', '1.1', null, '5', 'length 5 of 5'],
    ['a length of nothing', 'GET', '1.1', null, '0', 'length 0 of 0'],
    ['a length in HTTP/1.0', 'POST', '1.0', null, '5', 'length 5 of 5'],
    ['chunked', 'POST', '1.1', 'chunked', null, 'chunked'],
    ['chunked in another case', 'POST', '1.1', 'Chunked', null, 'chunked'],
    ['chunked in HTTP/1.0 (§6.1)', 'POST', '1.0', 'chunked', null, 'ERR_FRAMING 400'],
    ['both', 'POST', '1.1', 'chunked', '5', 'ERR_FRAMING 400'],
    ['both, a bad coding', 'POST', '1.1', 'x', '5', 'ERR_FRAMING 400'],
    ['a bad length', 'POST', '1.1', null, '5, 5', 'ERR_FRAMING 400'],
    ['chunked last of two', 'POST', '1.1', 'gzip, chunked', null, 'ERR_CODING 501'],
    ['chunked last of three', 'POST', '1.1', 'a , b;c=d,\tChunked', null, 'ERR_CODING 501'],
    ['chunked not last', 'POST', '1.1', 'chunked, gzip', null, 'ERR_FRAMING 400'],
    ['chunked twice', 'POST', '1.1', 'chunked, chunked', null, 'ERR_FRAMING 400'],
    ['chunked twice among others', 'POST', '1.1', 'chunked, gzip, chunked', null, 'ERR_FRAMING 400'],
    ['chunked twice behind another', 'POST', '1.1', 'gzip, chunked, chunked', null, 'ERR_FRAMING 400'],
    ['chunked behind what is no coding', 'POST', '1.1', 'a b, chunked', null, 'ERR_FRAMING 400'],
    ['chunked behind a coding and what is none', 'POST', '1.1', 'gzip, a b, chunked', null, 'ERR_FRAMING 400'],
    ['chunked behind nothing', 'POST', '1.1', ', chunked', null, 'ERR_FRAMING 400'],
    ['chunked with a parameter', 'POST', '1.1', 'chunked;a=b', null, 'ERR_FRAMING 400'],
    ['a coding alone', 'POST', '1.1', 'gzip', null, 'ERR_FRAMING 400'],
    ['an empty coding', 'POST', '1.1', '', null, 'ERR_FRAMING 400'],
    ['CONNECT without either', 'CONNECT', '1.1', null, null, 'none'],
    ['CONNECT with a length (RFC 9110 §9.3.6)', 'CONNECT', '1.1', null, '0', 'ERR_FRAMING 400'],
    ['CONNECT with a coding', 'CONNECT', '1.1', 'chunked', null, 'ERR_FRAMING 400'],
  ])('a request with %s', (_, method, version, transferEncoding, contentLength, expected) => {
    expect(shown(requestFraming(method, version, fields(transferEncoding, contentLength)))).toBe(expected);
  });

  test.each<[string, string, number, Version, string | null, string | null, string]>([
    ['with neither field lasts until the end', 'GET', 200, '1.1', null, null, 'until-close'],
    ['with neither field in HTTP/1.0 lasts until the end', 'GET', 200, '1.0', null, null, 'until-close'],
    ['with a length has it', 'GET', 200, '1.1', null, '5', 'length 5 of 5'],
    ['with chunked has chunks', 'GET', 200, '1.1', 'chunked', null, 'chunked'],
    ['with chunked in HTTP/1.0 is refused', 'GET', 200, '1.0', 'chunked', null, 'ERR_FRAMING 400'],
    ['with both is refused', 'GET', 200, '1.1', 'chunked', '5', 'ERR_FRAMING 400'],
    ['whose last coding is not chunked is refused', 'GET', 200, '1.1', 'gzip', null, 'ERR_FRAMING 400'],
    ['with another coding is refused', 'GET', 200, '1.1', 'gzip, chunked', null, 'ERR_CODING 501'],
    ['to HEAD has none', 'HEAD', 200, '1.1', null, null, 'none'],
    ['to HEAD has none, whatever its length', 'HEAD', 200, '1.1', null, '5', 'none of 5'],
    ['to HEAD has none, whatever its coding', 'HEAD', 200, '1.1', 'chunked', null, 'none'],
    ['to HEAD with both is refused', 'HEAD', 200, '1.1', 'chunked', '5', 'ERR_FRAMING 400'],
    ['that is interim has none', 'GET', 100, '1.1', null, '5', 'none of 5'],
    ['that is interim has none, to the last of them', 'GET', 199, '1.1', null, null, 'none'],
    ['with 204 has none', 'GET', 204, '1.1', null, '5', 'none of 5'],
    ['with 205 has what it says', 'GET', 205, '1.1', null, '5', 'length 5 of 5'],
    ['with 304 has none', 'GET', 304, '1.1', 'chunked', null, 'none'],
    ['with 304 and a bad length is refused', 'GET', 304, '1.1', null, 'x', 'ERR_FRAMING 400'],
    ['with 2xx to CONNECT has none, whatever it says', 'CONNECT', 200, '1.1', 'x', 'y', 'none'],
    ['with 299 to CONNECT has none', 'CONNECT', 299, '1.1', null, '5', 'none'],
    ['with 300 to CONNECT has what it says', 'CONNECT', 300, '1.1', null, '5', 'length 5 of 5'],
    ['with 199 to CONNECT has none', 'CONNECT', 199, '1.1', null, null, 'none'],
    ['with 199 to CONNECT and a bad length is refused', 'CONNECT', 199, '1.1', null, 'x', 'ERR_FRAMING 400'],
    ['with 407 to CONNECT lasts until the end', 'CONNECT', 407, '1.1', null, null, 'until-close'],
  ])('a response %s', (_, method, status, version, transferEncoding, contentLength, expected) => {
    expect(shown(responseFraming(method, status, version, fields(transferEncoding, contentLength)))).toBe(expected);
  });

  test.each<[string, string, number | null]>([
    ['digits', '5', 5],
    ['nothing', '0', 0],
    ['leading zeros', '0010', 10],
    ['sixteen digits', '0000000000000005', 5],
    ['2^53 - 1', '9007199254740991', 9007199254740991],
    ['2^53', '9007199254740992', null],
    ['the largest of sixteen digits', '9999999999999999', null],
    ['seventeen digits', '00000000000000005', null],
    ['empty', '', null],
    ['a sign', '+5', null],
    ['a minus sign', '-5', null],
    ['a fraction', '5.0', null],
    ['an exponent', '5e1', null],
    ['a prefix', '0x5', null],
    ['a space before it', ' 5', null],
    ['a space behind it', '5 ', null],
    ['a line end behind it', '5\n', null],
    ['a list', '5,5', null],
    ['digits of another script', '\u0665', null],
  ])('a length of %s (RFC 9110 §8.6)', (_, value, size) => {
    expect(parseLength(value)).toBe(size);
  });

  test('a mistake names what was wrong, and no more of it than fits', () => {
    const framed = requestFraming('POST', '1.1', fields(null, `${'5'.repeat(100)}\n`));
    expect(framed instanceof RemoteProtocolError && framed.message).toBe(
      `Cannot frame the message: invalid Content-Length "${'5'.repeat(60)}…"`,
    );
  });
});

describe('sent (RFC 9112 §6.1, RFC 9110 §8.6)', () => {
  type Plan = Omit<BodyPlan, 'size'> & { readonly size: number | null | undefined };
  const plan = (size: number | null | undefined, more: Partial<BodyPlan> = {}): Plan => ({
    contentLength: null,
    transferEncoding: null,
    peer: '1.1',
    ...more,
    size,
  });

  /** The framing and the field that is added, or the code of the mistake. */
  function result(decide: () => { framing: string; size: number; field: string }): string {
    try {
      const { framing, size, field } = decide();
      return `${framing} ${size} ${field.trim()}`.trim();
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  }

  test.each<[string, string, Plan, string]>([
    ['GET without a body says nothing', 'GET', plan(0), 'none 0'],
    ['DELETE without a body says nothing', 'DELETE', plan(0), 'none 0'],
    ['POST without a body says so', 'POST', plan(0), 'none 0 Content-Length: 0'],
    ['PUT without a body says so', 'PUT', plan(0), 'none 0 Content-Length: 0'],
    ['PATCH without a body says so', 'PATCH', plan(0), 'none 0 Content-Length: 0'],
    ['GET with an empty body says so', 'GET', plan(0, { given: true }), 'length 0 Content-Length: 0'],
    ['a length of 0 stays', 'GET', plan(0, { contentLength: 0 }), 'length 0'],
    ['a body has a length', 'POST', plan(5), 'length 5 Content-Length: 5'],
    ['a length that agrees stays', 'POST', plan(5, { contentLength: 5 }), 'length 5'],
    ['a length that does not', 'POST', plan(5, { contentLength: 6 }), 'ERR_HEAD'],
    ['a streamed body has chunks', 'POST', plan(null), 'chunked 0 Transfer-Encoding: chunked'],
    ['a streamed body of a length has it', 'POST', plan(null, { contentLength: 5 }), 'length 5'],
    ['chunked that the caller says stays', 'POST', plan(null, { transferEncoding: 'Chunked' }), 'chunked 0'],
    ['chunked of a whole body', 'POST', plan(5, { transferEncoding: 'chunked' }), 'ERR_HEAD'],
    ['chunked of no body', 'GET', plan(0, { transferEncoding: 'chunked' }), 'ERR_HEAD'],
    ['chunked with a length', 'POST', plan(null, { transferEncoding: 'chunked', contentLength: 5 }), 'ERR_HEAD'],
    ['another coding', 'POST', plan(null, { transferEncoding: 'gzip, chunked' }), 'ERR_HEAD'],
    ['chunked to HTTP/1.0', 'POST', plan(null, { transferEncoding: 'chunked', peer: '1.0' }), 'ERR_HEAD'],
    ['an unknown length to HTTP/1.0', 'POST', plan(null, { peer: '1.0' }), 'ERR_HEAD'],
    ['a length to HTTP/1.0', 'POST', plan(null, { peer: '1.0', contentLength: 5 }), 'length 5'],
    ['CONNECT has no body', 'CONNECT', plan(0), 'none 0'],
    ['CONNECT with a body', 'CONNECT', plan(5), 'ERR_HEAD'],
    ['CONNECT with an empty body', 'CONNECT', plan(0, { given: true }), 'ERR_HEAD'],
    ['CONNECT with a length', 'CONNECT', plan(0, { contentLength: 0 }), 'ERR_HEAD'],
    ['CONNECT with a coding', 'CONNECT', plan(0, { transferEncoding: 'chunked' }), 'ERR_HEAD'],
    ['CONNECT that streams', 'CONNECT', plan(null), 'ERR_HEAD'],
    ['TRACE with a body (RFC 9110 §9.3.8)', 'TRACE', plan(5), 'ERR_HEAD'],
  ])('a request: %s', (_, method, body, expected) => {
    expect(result(() => sendRequestFraming(method, { ...body, size: body.size ?? null }))).toBe(expected);
  });

  test.each<[string, string, number, Plan, string]>([
    ['no body at all is empty', 'GET', 200, plan(undefined), 'length 0 Content-Length: 0'],
    ['a body has a length', 'GET', 200, plan(5), 'length 5 Content-Length: 5'],
    ['a length that does not agree', 'GET', 200, plan(5, { contentLength: 4 }), 'ERR_HEAD'],
    ['a streamed body has chunks', 'GET', 200, plan(null), 'chunked 0 Transfer-Encoding: chunked'],
    ['a streamed body of a length has it', 'GET', 200, plan(null, { contentLength: 5 }), 'length 5'],
    ['a streamed body to HTTP/1.0 lasts until the end', 'GET', 200, plan(null, { peer: '1.0' }), 'until-close 0'],
    ['chunked to HTTP/1.0', 'GET', 200, plan(null, { peer: '1.0', transferEncoding: 'chunked' }), 'ERR_HEAD'],
    ['204 says nothing', 'GET', 204, plan(undefined), 'none 0'],
    ['204 that streams says nothing', 'GET', 204, plan(null), 'none 0'],
    ['204 with an empty body says nothing', 'GET', 204, plan(0), 'none 0'],
    ['204 with a body', 'GET', 204, plan(5), 'ERR_HEAD'],
    ['204 with a length', 'GET', 204, plan(undefined, { contentLength: 0 }), 'ERR_HEAD'],
    ['204 with a coding', 'GET', 204, plan(null, { transferEncoding: 'chunked' }), 'ERR_HEAD'],
    ['205 says that it is empty (RFC 9110 §15.3.6)', 'GET', 205, plan(undefined), 'length 0 Content-Length: 0'],
    ['205 that streams says that it is empty', 'GET', 205, plan(null), 'length 0 Content-Length: 0'],
    ['205 with a length of 0', 'GET', 205, plan(undefined, { contentLength: 0 }), 'length 0'],
    ['205 with a body', 'GET', 205, plan(5), 'ERR_HEAD'],
    ['205 with a length', 'GET', 205, plan(null, { contentLength: 5 }), 'ERR_HEAD'],
    ['205 with a coding', 'GET', 205, plan(null, { transferEncoding: 'chunked' }), 'ERR_HEAD'],
    ['304 says nothing', 'GET', 304, plan(undefined), 'none 0'],
    ['304 keeps the length that 200 would have', 'GET', 304, plan(undefined, { contentLength: 5 }), 'none 0'],
    ['304 with a body', 'GET', 304, plan(5), 'ERR_HEAD'],
    ['HEAD has the field of its body', 'HEAD', 200, plan(5), 'none 0 Content-Length: 5'],
    ['HEAD without a body to measure says nothing', 'HEAD', 200, plan(undefined), 'none 0'],
    ['HEAD keeps a length', 'HEAD', 200, plan(undefined, { contentLength: 5 }), 'none 0'],
    ['HEAD that streams says chunked', 'HEAD', 200, plan(null), 'none 0 Transfer-Encoding: chunked'],
    [
      'HEAD that has no body and says chunked',
      'HEAD',
      200,
      plan(undefined, { transferEncoding: 'chunked' }),
      'ERR_HEAD',
    ],
    ['HEAD with a length that does not agree', 'HEAD', 200, plan(5, { contentLength: 4 }), 'ERR_HEAD'],
    ['HEAD that streams to HTTP/1.0 says nothing', 'HEAD', 200, plan(null, { peer: '1.0' }), 'none 0'],
    ['101 says nothing', 'GET', 101, plan(undefined), 'none 0'],
    ['101 with a body', 'GET', 101, plan(5), 'ERR_HEAD'],
    ['2xx to CONNECT says nothing (RFC 9110 §9.3.6)', 'CONNECT', 200, plan(undefined), 'none 0'],
    ['2xx to CONNECT with a length', 'CONNECT', 200, plan(undefined, { contentLength: 0 }), 'ERR_HEAD'],
    ['2xx to CONNECT with a body', 'CONNECT', 299, plan(5), 'ERR_HEAD'],
    ['3xx to CONNECT has a body like any other', 'CONNECT', 300, plan(5), 'length 5 Content-Length: 5'],
    ['a refusal of CONNECT has a body like any other', 'CONNECT', 403, plan(5), 'length 5 Content-Length: 5'],
  ])('a response: %s', (_, method, status, body, expected) => {
    expect(result(() => sendResponseFraming(method, status, body))).toBe(expected);
  });
});
