// Another parser's reading of each head: what it is shown, and what a difference does (RFC 9112 §11.2).

import { ClientConnection, type Reading, type SecondOpinion, ServerConnection } from '../src/index.ts';
import { ascii, cut, cuts, lines, type Reading as Run, readRequests, readResponses, textOf } from './pair.ts';

const request = lines('POST /a HTTP/1.1', 'Host: x', 'X:  \xe9 ', 'Content-Length: 2');
const response = lines('HTTP/1.1 200 OK', 'Content-Length: 2', 'X: y');

const agreesOnRequest: Reading = {
  method: 'POST',
  target: '/a',
  raw: ['Host', 'x', 'X', '\xe9', 'Content-Length', '2'],
  framing: 'length',
  contentLength: 2,
};
const agreesOnResponse: Reading = {
  status: 200,
  raw: ['Content-Length', '2', 'X', 'y'],
  framing: 'length',
  contentLength: 2,
};

/** The fields of a reading, some of them changed. */
function fieldsOf({ raw }: Reading, changes: Readonly<Record<number, string>>): string[] {
  return Object.assign([...raw], changes);
}

/** Runs for every cut, which must be alike, and gives the first. */
function alike(run: (chunks: (bytes: string) => Uint8Array[]) => Run): string[] {
  const readings = cuts.map((how) => run((bytes) => cut(ascii(bytes), how)).events);
  for (const reading of readings) expect(reading).toEqual(readings[0]);
  return readings[0] ?? [];
}

const asServer = (secondOpinion: SecondOpinion, bytes = `${request}hi`) =>
  alike((chunks) => readRequests(chunks(bytes), { options: { secondOpinion } }));
const asClient = (secondOpinion: SecondOpinion, bytes = `${response}hi`, methods = ['GET']) =>
  alike((chunks) => readResponses(chunks(bytes), { options: { secondOpinion }, methods }));

test('it is asked for every request head, from the start-line to the empty line', () => {
  for (const how of cuts) {
    const shown: [string, string][] = [];
    const secondOpinion: SecondOpinion = (head, kind) => {
      shown.push([textOf(head), kind]);
      return agreesOnRequest;
    };
    readRequests(cut(ascii(`\r\n${request}hi${request}hi`), how), { options: { secondOpinion } });
    expect(shown).toEqual([
      [request, 'request'],
      [request, 'request'],
    ]);
  }
});

test('it is asked for every response head, interim ones too', () => {
  const interim = lines('HTTP/1.1 103 Early Hints');
  for (const how of cuts) {
    const shown: [string, string][] = [];
    const secondOpinion: SecondOpinion = (head, kind) => {
      shown.push([textOf(head), kind]);
      return shown.length === 1 ? { status: 103, raw: [], framing: 'none', contentLength: null } : agreesOnResponse;
    };
    const { events } = readResponses(cut(ascii(`${interim}${response}hi`), how), { options: { secondOpinion } });
    expect(shown).toEqual([
      [interim, 'response'],
      [response, 'response'],
    ]);
    expect(events.at(-1)).toBe('end');
  }
});

test('it is not asked for trailers', () => {
  let asked = 0;
  const secondOpinion: SecondOpinion = () => {
    asked++;
    return {
      ...agreesOnRequest,
      raw: ['Host', 'x', 'Transfer-Encoding', 'chunked'],
      framing: 'chunked',
      contentLength: null,
    };
  };
  const bytes = `${lines('POST /a HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked')}0\r\nX: y\r\n\r\n`;
  const { events } = readRequests([ascii(bytes)], { options: { secondOpinion } });
  expect([asked, events.at(-1)]).toEqual([1, 'end [["X","y"]]']);
});

test('it is not asked for what is refused already', () => {
  let asked = 0;
  const secondOpinion: SecondOpinion = () => {
    asked++;
    return 'refused';
  };
  const { events } = readRequests([ascii(lines('GET / HTTP/1.1', 'Host: x', 'X : y'))], { options: { secondOpinion } });
  expect([asked, events[0]?.slice(0, 16)]).toEqual([0, 'error ERR_HEADER']);
});

describe('of a request', () => {
  test('that agrees changes nothing', () => {
    expect(asServer(() => agreesOnRequest)).toEqual(alike((chunks) => readRequests(chunks(`${request}hi`))));
  });

  test.each<[string, Reading | 'refused', string]>([
    ['refuses', 'refused', 'refuses it'],
    ['reads another method', { ...agreesOnRequest, method: 'GET' }, 'reads another method'],
    ['reads another target', { ...agreesOnRequest, target: '/b' }, 'reads another request-target'],
    ['reads no target', { raw: [], framing: 'none', contentLength: null }, 'reads another method'],
    [
      'reads another field value',
      { ...agreesOnRequest, raw: fieldsOf(agreesOnRequest, { 1: 'y' }) },
      'reads another field',
    ],
    [
      'reads another field name',
      { ...agreesOnRequest, raw: fieldsOf(agreesOnRequest, { 2: 'x' }) },
      'reads another field',
    ],
    ['reads fewer fields', { ...agreesOnRequest, raw: agreesOnRequest.raw.slice(2) }, 'reads another number of fields'],
    [
      'reads more fields',
      { ...agreesOnRequest, raw: [...agreesOnRequest.raw, 'A', 'b'] },
      'reads another number of fields',
    ],
    ['frames otherwise', { ...agreesOnRequest, framing: 'chunked' }, 'reads another framing'],
    ['reads another length', { ...agreesOnRequest, contentLength: 3 }, 'reads another Content-Length'],
    ['reads no length', { ...agreesOnRequest, contentLength: null }, 'reads another Content-Length'],
  ])('that %s refuses it', (_, reading, how) => {
    expect(asServer(() => reading)).toEqual([
      `error ERR_SECOND_OPINION 400: Cannot accept the head: the second opinion ${how}`,
    ]);
  });
});

describe('of a response', () => {
  test('that agrees changes nothing', () => {
    expect(asClient(() => agreesOnResponse)).toEqual(alike((chunks) => readResponses(chunks(`${response}hi`))));
  });

  test.each<[string, Reading | 'refused', string]>([
    ['refuses', 'refused', 'refuses it'],
    ['reads another status', { ...agreesOnResponse, status: 201 }, 'reads another status code'],
    [
      'reads another field',
      { ...agreesOnResponse, raw: fieldsOf(agreesOnResponse, { 3: 'z' }) },
      'reads another field',
    ],
    ['reads fewer fields', { ...agreesOnResponse, raw: [] }, 'reads another number of fields'],
    ['frames otherwise', { ...agreesOnResponse, framing: 'until-close' }, 'reads another framing'],
    ['reads another length', { ...agreesOnResponse, contentLength: 3 }, 'reads another Content-Length'],
  ])('that %s refuses it', (_, reading, how) => {
    expect(asClient(() => reading)).toEqual([
      `closed ERR_SECOND_OPINION: Cannot accept the head: the second opinion ${how}`,
      'lost never partial-response',
    ]);
  });

  test.each<[string, string, string, Reading]>([
    ['HEAD', 'HEAD', response, agreesOnResponse],
    [
      'a tunnel',
      'CONNECT',
      lines('HTTP/1.1 200 OK'),
      { status: 200, raw: [], framing: 'until-close', contentLength: null },
    ],
    [
      'a tunnel with a length',
      'CONNECT',
      lines('HTTP/1.1 200 OK', 'Content-Length: 2'),
      { status: 200, raw: ['Content-Length', '2'], framing: 'length', contentLength: 2 },
    ],
  ])('is compared as to GET, since the other parser sees no request: %s', (_, method, bytes, reading) => {
    expect(asClient(() => reading, bytes, [method])[0]).toMatch(/^response 200/);
  });
});

test('one that throws is one that refuses, and is the cause', () => {
  const cause = new Error('out of memory');
  const secondOpinion: SecondOpinion = () => {
    throw cause;
  };
  const server = new ServerConnection({ secondOpinion });
  expect(server.receive(ascii(request)).nextEvent()).toMatchObject({
    type: 'error',
    error: { code: 'ERR_SECOND_OPINION', message: 'Cannot accept the head: the second opinion throws', cause },
  });
  const client = new ClientConnection({ secondOpinion });
  client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] });
  client.nextChunk();
  expect(client.receive(ascii(response)).nextEvent()).toMatchObject({
    type: 'closed',
    error: { code: 'ERR_SECOND_OPINION', cause },
  });
});
