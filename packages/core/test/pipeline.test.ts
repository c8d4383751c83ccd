// What may go out behind what: the gate of the client's queue, and its order (RFC 9112 §9.3.2, RFC 9110 §9.2.2).

import { ClientConnection, type ClientOptions, isIdempotent, type OutgoingRequest } from '../src/index.ts';
import { keep, undecided } from '../src/persistence.ts';
import { type Peer, Pipeline, type Queued } from '../src/pipeline.ts';
import { ascii, drain, lines, Pair, pull } from './pair.ts';

const host = ['Host', 'x'] as const;
const GET: OutgoingRequest = { method: 'GET', target: '/', headers: [host] };
const POST: OutgoingRequest = { method: 'POST', target: '/', headers: [host] };
const empty = ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0'));

/** A client whose first response came from a server of that version. */
function clientOf(statusLine: string, options?: ClientOptions): ClientConnection {
  const client = new ClientConnection(options);
  client.request(GET);
  drain(client);
  pull(client.receive(ascii(lines(statusLine, 'Content-Length: 0'))));
  return client;
}

const kept = (options?: ClientOptions) => clientOf('HTTP/1.1 200 OK', options);
const old = () => clientOf('HTTP/1.0 200 OK\r\nConnection: keep-alive');

test.each<[string, boolean]>([
  ['GET', true],
  ['HEAD', true],
  ['OPTIONS', true],
  ['TRACE', true],
  ['PUT', true],
  ['DELETE', true],
  ['POST', false],
  ['PATCH', false],
  ['CONNECT', false],
  ['get', false],
  ['PROPFIND', false],
])('%s is idempotent: %s (RFC 9110 §9.2.2)', (method, idempotent) => {
  expect(isIdempotent(method)).toBe(idempotent);
});

describe('a request behind one that is in flight (RFC 9112 §9.3.2)', () => {
  const upgrade = { ...GET, headers: [host, ['Connection', 'Upgrade'], ['Upgrade', 'x']] as const };
  const expecting = { ...GET, method: 'PUT', headers: [host, ['Expect', '100-continue']] as const };
  const connect = { method: 'CONNECT', target: 'x:443', headers: [host] };

  test.each<[string, () => ClientConnection, OutgoingRequest, OutgoingRequest, 'open' | 'waiting']>([
    ['goes where both are idempotent and the peer keeps', () => kept(), GET, GET, 'open'],
    ['goes where it is another idempotent method', () => kept(), GET, { ...GET, method: 'DELETE' }, 'open'],
    ['goes at once to a peer that is trusted', () => new ClientConnection({ persistent: true }), GET, GET, 'open'],
    ['waits for the first response', () => new ClientConnection(), GET, GET, 'waiting'],
    ['waits where the peer speaks HTTP/1.0', old, GET, GET, 'waiting'],
    ['waits where pipelining is turned off', () => kept({ maxInFlight: 1 }), GET, GET, 'waiting'],
    ['waits where it is not idempotent', () => kept(), GET, POST, 'waiting'],
    ['waits where its method is unknown', () => kept(), GET, { ...GET, method: 'BREW' }, 'waiting'],
    ['waits behind one that is not idempotent', () => kept(), POST, GET, 'waiting'],
    ['waits where it asks for another protocol', () => kept(), GET, upgrade, 'waiting'],
    ['waits behind one that asks for another protocol', () => kept(), upgrade, GET, 'waiting'],
    ['waits where it asks for a tunnel', () => kept(), GET, connect, 'waiting'],
    ['waits behind one that asks for a tunnel', () => kept(), connect, GET, 'waiting'],
    ['waits where it expects 100', () => kept(), GET, expecting, 'waiting'],
    ['waits behind one that expects 100', () => kept(), expecting, GET, 'waiting'],
  ])('%s', (_, open, first, second, state) => {
    const client = open();
    const send = (request: OutgoingRequest) =>
      request === expecting ? client.request(request, ascii('hi')) : client.request(request);
    send(first);
    if (second !== expecting) expect(client.accepts(second)).toBe(state === 'open');
    expect(send(second).state).toBe(state);
    expect(client.length).toBe(2);
  });

  test('waits behind one whose body still goes out, and goes when it is complete', () => {
    const client = kept();
    const streaming = client.startRequest({ ...GET, method: 'PUT', headers: [host, ['Content-Length', '2']] });
    expect(client.accepts(GET)).toBe(false);
    const next = client.request(GET);
    expect(next.state).toBe('waiting');
    streaming.write(ascii('hi'));
    expect(next.state).toBe('waiting');
    streaming.end();
    expect(next.state).toBe('open');
  });

  test('waits where one that waits came before it', () => {
    const client = kept();
    client.request(GET);
    client.request(POST);
    expect(client.accepts(GET)).toBe(false);
    expect(client.request(GET).state).toBe('waiting');
  });

  test('goes when what blocked it has its answer', () => {
    const client = kept();
    client.request(POST);
    const behind = [client.request(GET), client.request(GET), client.request(POST), client.request(GET)];
    const states = () => behind.map(({ state }) => state);
    expect(states()).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
    drain(client);
    pull(client.receive(empty));
    expect(states()).toEqual(['open', 'open', 'waiting', 'waiting']);
    drain(client);
    pull(client.receive(empty));
    expect(states()).toEqual(['done', 'open', 'waiting', 'waiting']);
    pull(client.receive(empty));
    expect(states()).toEqual(['done', 'done', 'open', 'waiting']);
    drain(client);
    pull(client.receive(empty));
    expect(states()).toEqual(['done', 'done', 'done', 'open']);
  });

  test.each([
    [1, undefined, 16],
    [2, 2, 2],
    [3, 5, 5],
  ])('no more than maxInFlight go at a time (%#)', (_, maxInFlight, most) => {
    const client = kept(maxInFlight === undefined ? {} : { maxInFlight });
    const exchanges = Array.from({ length: 20 }, () => client.request(GET));
    const open = () => exchanges.filter(({ state }) => state === 'open').length;
    expect(open()).toBe(most);
    drain(client);
    pull(client.receive(empty));
    expect([open(), exchanges[0]?.state]).toEqual([most, 'done']);
  });

  test('waits once the connection closes', () => {
    const client = new ClientConnection({ persistent: true });
    client.request(GET);
    client.request(POST);
    drain(client);
    pull(client.receive(ascii(lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2'))));
    expect([client.accepts(GET), drain(client)]).toEqual([false, '']);
  });
});

describe('a body of unknown length (RFC 9112 §6.1)', () => {
  test('waits until the peer is known to keep the connection, and is overtaken', () => {
    const client = new ClientConnection();
    const streaming = client.startRequest(POST);
    expect([streaming.state, client.outputSize]).toEqual(['waiting', 0]);
    expect(client.accepts(GET)).toBe(true);
    const overtaking = client.request(GET);
    expect([overtaking.state, streaming.state]).toEqual(['open', 'waiting']);
    drain(client);
    expect(pull(client.receive(empty)).slice(1)).toEqual(['end', 'start']);
    expect(drain(client)).toMatch(/^POST \/ HTTP\/1\.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n$/);
  });

  test('goes at once to a peer that is trusted', () => {
    const client = new ClientConnection({ persistent: true });
    expect(client.startRequest(POST).state).toBe('open');
  });

  test('does not wait where its length is known', () => {
    const client = new ClientConnection();
    expect(client.startRequest({ ...POST, headers: [host, ['Content-Length', '2']] }).state).toBe('open');
  });

  test('is lost, unsent, when the first response closes', () => {
    const client = new ClientConnection();
    const streaming = client.startRequest(POST);
    client.request(GET);
    drain(client);
    const close = ascii(lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 0'));
    expect(pull(client.receive(close)).slice(1)).toEqual(['end', 'closed', 'lost safe unsent']);
    expect(streaming.state).toBe('lost');
  });

  test('is lost, unsent, when the peer turns out to speak HTTP/1.0', () => {
    const client = new ClientConnection();
    client.startRequest(POST);
    client.request(GET);
    drain(client);
    const response = ascii(lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 0'));
    expect(pull(client.receive(response)).slice(1)).toEqual(['end', 'closed', 'lost safe unsent']);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'http-1.0' });
  });

  test('cannot go to a peer that is known to speak HTTP/1.0', () => {
    expect(() => old().startRequest(POST)).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
  });

  test('is not accepted before the verdict, and is after it', () => {
    const chunked = { ...POST, headers: [host, ['Transfer-Encoding', 'chunked']] as const };
    expect(new ClientConnection().accepts(chunked)).toBe(false);
    expect(kept().accepts(chunked)).toBe(true);
  });
});

test('twelve pipelined requests of mixed methods are answered in order', () => {
  const pair = new Pair({ client: { persistent: true }, cut: 7 });
  const methods = ['GET', 'HEAD', 'PUT', 'POST', 'GET', 'GET', 'DELETE', 'POST', 'POST', 'OPTIONS', 'GET', 'HEAD'];
  const exchanges = methods.map((method) => pair.client.request({ ...GET, method }));
  pair.run();
  expect(pair.serverLog.lines.filter((line) => line.startsWith('request')).map((line) => line.split(' ')[1])).toEqual(
    methods,
  );
  expect(exchanges.map(({ state }) => state)).toEqual(methods.map(() => 'done'));
  expect(pair.client.length).toBe(0);
});

describe('the queue alone', () => {
  const idempotent: Queued = { idempotent: true, exclusive: false, chunked: false };
  const unsafe: Queued = { ...idempotent, idempotent: false };
  const exclusive: Queued = { ...idempotent, exclusive: true };
  const chunked: Queued = { ...idempotent, chunked: true };
  const modern: Peer = { persistence: keep, version: '1.1' };
  const trusted: Peer = { persistence: keep, version: null };
  const unknown: Peer = { persistence: undecided, version: null };
  const ancient: Peer = { persistence: keep, version: '1.0' };

  test.each<[string, readonly Queued[], Queued, Peer, boolean]>([
    ['admits anything but chunks when nothing is in flight', [], unsafe, unknown, true],
    ['admits what is exclusive when nothing is in flight', [], exclusive, ancient, true],
    ['holds chunks back before the verdict', [], chunked, unknown, false],
    ['holds chunks back from HTTP/1.0', [], chunked, ancient, false],
    ['admits chunks to a peer that is trusted', [], chunked, trusted, true],
    ['admits idempotent behind idempotent', [idempotent], idempotent, modern, true],
    ['admits chunks behind idempotent', [idempotent], chunked, trusted, true],
    ['holds back what is not idempotent', [idempotent], unsafe, modern, false],
    ['holds back what is exclusive', [idempotent], exclusive, modern, false],
    ['holds back behind what is not idempotent', [unsafe], idempotent, modern, false],
    ['holds back behind what is exclusive', [exclusive], idempotent, modern, false],
    ['holds back before the verdict', [idempotent], idempotent, unknown, false],
    ['holds back from HTTP/1.0', [idempotent], idempotent, ancient, false],
    ['holds back beyond maxInFlight', [idempotent, idempotent, idempotent], idempotent, modern, false],
  ])('%s', (_, inFlight, request, peer, admitted) => {
    const pipeline = new Pipeline<Queued>(3);
    for (const queued of inFlight) {
      pipeline.push(queued);
      expect(pipeline.start(modern)).toBe(queued);
    }
    expect(pipeline.admits(request, peer)).toBe(admitted);
    pipeline.push(request);
    expect(pipeline.start(peer)).toBe(admitted ? request : null);
    expect(pipeline.length).toBe(inFlight.length + 1);
  });

  test('lets others pass one that waits for the verdict, and no other', () => {
    const pipeline = new Pipeline<Queued>(3);
    for (const request of [chunked, unsafe, idempotent]) pipeline.push(request);
    expect(pipeline.start(unknown)).toBe(unsafe);
    expect(pipeline.start(unknown)).toBeNull();
    expect(pipeline.start(modern)).toBeNull();
    pipeline.answered();
    expect(pipeline.start(modern)).toBe(chunked);
    expect(pipeline.waiting).toBe(1);
    expect(pipeline.clear()).toEqual([chunked, idempotent]);
  });

  test('has something ahead of a new one where that waits for its turn, and not where it waits for the verdict', () => {
    const pipeline = new Pipeline<Queued>(3);
    expect(pipeline.isAhead(modern)).toBe(false);
    pipeline.push(chunked);
    expect([pipeline.isAhead(unknown), pipeline.isAhead(modern)]).toEqual([false, true]);
    pipeline.push(idempotent);
    expect(pipeline.isAhead(unknown)).toBe(true);
  });

  test('opens again when what blocked it is answered, and not when another is', () => {
    const pipeline = new Pipeline<Queued>(3);
    for (const request of [unsafe, idempotent]) pipeline.push(request);
    pipeline.start(modern);
    expect(pipeline.start(modern)).toBeNull();
    pipeline.answered();
    expect(pipeline.start(modern)).toBe(idempotent);
    pipeline.answered();
    pipeline.answered();
    expect(pipeline.length).toBe(0);
  });

  test.each([
    ['plain', idempotent],
    ['chunked', chunked],
  ])('lets any that are %s leave, first, last or most of them, and keeps the others in order', (_, kind) => {
    for (let gone = 0; gone < 2 ** 6; gone++) {
      const pipeline = new Pipeline<Queued>(1);
      const all = Array.from({ length: 6 }, () => ({ ...kind }));
      for (const request of all) pipeline.push(request);
      const left = all.filter((_, i) => ((gone >> i) & 1) === 0);
      for (const request of all) if (!left.includes(request)) pipeline.leave(request);
      expect([pipeline.length, pipeline.waiting]).toEqual([left.length, left.length]);
      for (const request of left) {
        expect(pipeline.start(modern)).toBe(request);
        pipeline.answered();
      }
      expect([pipeline.start(modern), pipeline.length]).toEqual([null, 0]);
    }
  });

  test('gives everything up in order when it is cleared, and blocks nothing after it', () => {
    const pipeline = new Pipeline<Queued>(3);
    for (const request of [unsafe, idempotent, chunked]) pipeline.push(request);
    pipeline.start(modern);
    expect(pipeline.clear()).toEqual([unsafe, idempotent, chunked]);
    expect([pipeline.length, pipeline.admits(idempotent, modern)]).toEqual([0, true]);
  });
});
