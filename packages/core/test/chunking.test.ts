// The same bytes, cut anywhere, give the same events; what one of us writes the other reads, and llhttp reads alike, and it is written
// with no byte to spare. By seed, over messages of every valid shape (RFC 9112 §3 to §7).

import fc from 'fast-check';
import { requestsByLlhttp, responsesByLlhttp } from '../../llhttp/test/llhttp-reading.ts';
import { asRead, type Reading } from '../../llhttp/test/reading.ts';
import {
  ClientConnection,
  type ClientEvent,
  type ClientExchange,
  type HeaderPairs,
  ServerConnection,
  type ServerEvent,
  type ServerExchange,
} from '../src/index.ts';
import {
  type Body,
  closing,
  type ExchangeModel,
  exactRequest,
  exactResponse,
  exchange,
  expectation,
  type Fields,
  mayHaveBody,
  type RequestModel,
  type ResponseModel,
  request,
  textOfBody,
  writing,
  writtenRequest,
  writtenResponse,
} from './generators.ts';
import { ascii, type Cut, cut, drain, Pair, readRequests, readResponses, textOf } from './pair.ts';

const seed = 20_261_122;
const how: fc.Arbitrary<Cut> = fc.oneof(fc.constant<Cut>('every byte'), fc.integer({ min: 0, max: 1e6 }));

/** The events that a message should come as. */
function eventsOf(start: string, body: Body): string[] {
  const text = textOfBody(body);
  const end = body.trailers.length === 0 ? 'end' : `end ${JSON.stringify(body.trailers)}`;
  return [start, ...(text === '' ? [] : [`data ${JSON.stringify(text)}`]), end];
}

/** The same without versions, framing and fields. */
function short(events: readonly string[]): string[] {
  return events.map((event) =>
    /^(?:request|response|informational) /.test(event) ? event.replace(/ HTTP\/1\.1 .*/s, '') : event,
  );
}

/** The fields of the messages of that type. */
function fieldsIn(events: readonly string[], type: string): Fields[] {
  const heads = events.filter((event) => event.startsWith(`${type} `));
  return heads.map((head) => JSON.parse(head.slice(head.indexOf(' [['))));
}

test('requests are the same however their bytes are cut', () => {
  const message = fc.tuple(request, writing, fc.constantFrom('', '', '\r\n'));
  const property = fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), how, (all, cutting) => {
    const bytes = ascii(all.map(([model, written, before]) => before + writtenRequest(model, written)).join(''));
    const whole = readRequests([bytes]).events;
    expect(short(whole)).toEqual(
      all.flatMap(([{ method, target, body }]) => eventsOf(`request ${method} ${target}`, body)),
    );
    expect(fieldsIn(whole, 'request').map(ownFields)).toEqual(all.map(([{ fields }]) => fields));
    expect(readRequests(cut(bytes, cutting)).events).toEqual(whole);
  });
  fc.assert(property, { seed, numRuns: 250 });
});

test('responses are the same however their bytes are cut', () => {
  const all = fc.array(fc.tuple(exchange, writing), { minLength: 1, maxLength: 5 });
  const property = fc.property(all, fc.boolean(), how, (messages, untilClose, cutting) => {
    const last = untilClose ? 'HTTP/1.1 200 \r\nA: b\r\n\r\nuntil the end' : '';
    const written = messages.map(([model, form]) => writtenResponse(model.response, form, methodOf(model)));
    const bytes = ascii(written.join('') + last);
    // Whether a response has a body depends on HEAD alone, and GET may always be pipelined.
    const methods = messages.map(([model]) => methodOf(model));
    const run = { methods: untilClose ? [...methods, 'GET'] : methods, eof: 'clean' as const };
    const whole = readResponses([bytes], run).events;
    expect(short(whole)).toEqual([
      ...messages.flatMap(([model]) => [
        ...model.response.interim.map((status) => `informational ${status} ""`),
        ...eventsOf(`response ${model.response.status} ${JSON.stringify(model.response.reason)}`, received(model)),
      ]),
      ...(untilClose ? ['response 200 ""', 'data "until the end"', 'end'] : []),
      'closed',
    ]);
    expect(readResponses(cut(bytes, cutting), run).events).toEqual(whole);
  });
  fc.assert(property, { seed, numRuns: 250 });
});

// What an attacker would try: the characters that end or hide something, in the place of others.
const slip = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  cut: fc.integer({ min: 0, max: 3 }),
  put: fc.constantFrom(
    '',
    '\r',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    ';',
    '"',
    '0',
    'f',
    '\xff',
    'chunked',
    '\r\n\r\n',
  ),
});

function withSlips(bytes: string, slips: readonly { at: number; cut: number; put: string }[]): string {
  return slips.reduce((text, { at, cut: size, put }) => {
    const place = Math.floor(at * text.length);
    return text.slice(0, place) + put + text.slice(place + size);
  }, bytes);
}

test('bytes that are nearly messages are the same however they are cut', () => {
  const slips = fc.array(slip, { minLength: 1, maxLength: 3 });
  const messages = fc.array(fc.tuple(exchange, writing), { minLength: 1, maxLength: 3 });
  const property = fc.property(messages, slips, how, (all, some, cutting) => {
    const requests = ascii(withSlips(all.map(([model, form]) => writtenRequest(model.request, form)).join(''), some));
    const asServer = { eof: 'clean' as const };
    expect(readRequests(cut(requests, cutting), asServer).events).toEqual(readRequests([requests], asServer).events);
    const responses = ascii(
      withSlips(all.map(([model, form]) => writtenResponse(model.response, form, 'GET')).join(''), some),
    );
    const asClient = { eof: 'clean' as const, methods: all.map(() => 'GET') };
    expect(readResponses(cut(responses, cutting), asClient).events).toEqual(
      readResponses([responses], asClient).events,
    );
  });
  fc.assert(property, { seed, numRuns: 250 });
});

const nothing: Body = { kind: 'none', pieces: [], trailers: [] };

function methodOf({ request: { method } }: ExchangeModel): string {
  return method === 'HEAD' ? 'HEAD' : 'GET';
}

/** What there is to receive of a response's body. */
function received({ request: { method }, response }: ExchangeModel): Body {
  return mayHaveBody(response, method) ? response.body : nothing;
}

/** The fields that are not the core's. */
function ownFields(headers: HeaderPairs): Fields {
  return [...headers].filter(([name]) => !/^(?:host|expect|connection|content-length|transfer-encoding)$/i.test(name));
}

/** A message as either side, or llhttp, has read it. */
interface Message {
  readonly start: string;
  readonly fields: Fields;
  body: string;
  trailers: Fields;
}

/** Puts the events of one side together to messages. */
class Messages {
  readonly all: Message[] = [];

  add(event: ServerEvent | ClientEvent): void {
    const last = this.all.at(-1);
    if (event.type === 'request') this.#begin(`${event.head.method} ${event.head.target}`, event.head.headers);
    else if (event.type === 'informational') this.#begin(`${event.head.status}`, event.head.headers);
    else if (event.type === 'response') this.#begin(`${event.head.status} ${event.head.reason}`, event.head.headers);
    else if (event.type === 'data' && last !== undefined) last.body += textOf(event.bytes);
    else if (event.type === 'end' && last !== undefined) last.trailers = [...(event.trailers ?? [])];
  }

  #begin(start: string, headers: HeaderPairs): void {
    this.all.push({ start, fields: ownFields(headers), body: '', trailers: [] });
  }
}

function asMessage({ method, target, fields, body }: RequestModel): Message {
  return { start: `${method} ${target}`, fields, body: textOfBody(body), trailers: body.trailers };
}

function asMessages(model: ExchangeModel): Message[] {
  const { interim, status, reason, fields } = model.response;
  const body = received(model);
  return [
    ...interim.map((each) => ({ start: String(each), fields: [], body: '', trailers: [] })),
    { start: `${status} ${reason}`, fields, body: textOfBody(body), trailers: body.trailers },
  ];
}

/** Sends a request in the way that its body says. What must follow by write() is kept in `streaming`. */
function ask(
  client: ClientConnection,
  { method, target, fields, body, expects }: RequestModel,
  streaming: Map<ClientExchange, Body>,
  last = false,
): ClientExchange {
  const own = [['Host', 'a.example'], ...(expects ? expectation : []), ...fields, ...(last ? closing : [])] as Fields;
  const headers = body.kind === 'stated' ? [...own, lengthOf(body)] : own;
  const whole = body.kind === 'none' || body.kind === 'length';
  if (whole) return client.request({ method, target, headers }, bytesOf(body));
  const started = client.startRequest({ method, target, headers });
  streaming.set(started, body);
  return started;
}

/** Answers in the way that the body says. */
function answer(
  exchange: ServerExchange,
  { interim, status, reason, fields, body }: ResponseModel,
  last = false,
): void {
  for (const each of interim) exchange.inform({ status: each });
  const own = last ? [...fields, ...closing] : fields;
  const headers = body.kind === 'stated' ? [...own, lengthOf(body)] : own;
  if (body.kind === 'none' || body.kind === 'length') {
    exchange.respond({ status, reason, headers }, bytesOf(body));
    return;
  }
  exchange.startResponse({ status, reason, headers });
  finish(exchange, body);
}

function finish(exchange: ServerExchange | ClientExchange, { pieces, trailers }: Body): void {
  for (const piece of pieces) exchange.write(ascii(piece));
  exchange.end(trailers);
}

function lengthOf(body: Body): [string, string] {
  return ['Content-Length', String(textOfBody(body).length)];
}

function bytesOf(body: Body): Uint8Array | undefined {
  return body.kind === 'none' ? undefined : ascii(textOfBody(body));
}

/** The same as llhttp gives it, without the reason. */
function asLlhttp({ start, fields, body, trailers }: Message): Message {
  const read = (all: Fields): Fields => all.map(([name, value]) => [name, asRead(value)]);
  return { start: start.replace(/^(\d{3}).*/s, '$1'), fields: read(fields), body, trailers: read(trailers) };
}

function fromLlhttp({ messages }: Reading): Message[] {
  const pairs = (raw: readonly string[]) =>
    raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
  return messages.map(({ start, fields, body, trailers }) => {
    return { start, fields: ownFields(pairs(fields)), body, trailers: pairs(trailers) };
  });
}

const several = fc.array(exchange, { minLength: 1, maxLength: 6 });

test('what either side writes is exact, and the other side and llhttp read it as the same messages', () => {
  const closer = fc.constantFrom('client', 'server', null);
  const property = fc.property(several, closer, how, (all, closes, cutting) => {
    const asked = new Messages();
    const answered = new Messages();
    const streaming = new Map<ClientExchange, Body>();
    let served = 0;
    const isLast = (i: number) => i === all.length - 1;
    const pair = new Pair({
      client: { persistent: true },
      cut: cutting,
      serve: (event) => {
        asked.add(event);
        const model = event.type === 'end' ? all[served++] : undefined;
        if (event.type !== 'end' || model === undefined) return;
        answer(event.exchange, model.response, closes === 'server' && isLast(served - 1));
      },
      use: (event) => {
        answered.add(event);
        if (event.type === 'start') finish(event.exchange, streaming.get(event.exchange) ?? nothing);
      },
    });
    const exchanges = all.map(({ request: model }, i) =>
      ask(pair.client, model, streaming, closes === 'client' && isLast(i)),
    );
    pair.run();

    // The server tells the client of its own accord to go on.
    const told = all.map(({ request: model, response }) => {
      return model.expects ? { ...response, interim: [100, ...response.interim] } : response;
    });
    expect(pair.requests).toBe(
      all.map(({ request: model }, i) => exactRequest(model, closes === 'client' && isLast(i))).join(''),
    );
    expect(pair.responses).toBe(
      all
        .map(({ request: { method } }, i) => {
          const to = { method, version: '1.1', closes: isLast(i) ? closes : null } as const;
          return exactResponse(told[i] as ResponseModel, to); // as many as there are exchanges
        })
        .join(''),
    );
    expect(asked.all).toEqual(all.map(({ request: model }) => asMessage(model)));
    expect(answered.all).toEqual(
      all.flatMap((model, i) => asMessages({ ...model, response: told[i] as ResponseModel })), // as above
    );
    expect(exchanges.map(({ state }) => state)).toEqual(all.map(() => 'done'));
    expect(pair.client.persistence.verdict).toBe(closes === null ? 'keep' : 'close');

    const requests = requestsByLlhttp(ascii(pair.requests));
    expect(fromLlhttp(requests)).toEqual(asked.all.map(asLlhttp));
    expect(requests.ending).toBe(closes === 'client' ? 'last' : 'boundary');
    const methods = all.map(({ request: { method } }) => method);
    const responses = responsesByLlhttp(ascii(pair.responses), methods);
    expect(fromLlhttp(responses)).toEqual(answered.all.map(asLlhttp));
    expect(responses.ending).toBe(closes === null ? 'boundary' : 'last');
  });
  fc.assert(property, { seed, numRuns: 150 });
});

/** As HTTP/1.0 would have it: no chunks, and so no trailers. */
function withoutTrailers(model: ExchangeModel): ExchangeModel {
  const { response } = model;
  return { ...model, response: { ...response, body: { ...response.body, trailers: [] } } };
}

test('what a server writes to an HTTP/1.0 client is exact, has no chunks, and reads as the same messages', () => {
  const property = fc.property(several, fc.boolean(), how, (models, keepsAlive, cutting) => {
    const all = models.map(withoutTrailers);
    const server = new ServerConnection();
    const asked = new Messages();
    let served = 0;
    let written = '';
    const bytes = all
      .map(({ request: { method, target, body } }) => {
        const kept = keepsAlive ? 'Connection: Keep-Alive\r\n' : '';
        const text = textOfBody(body);
        return `${method} ${target} HTTP/1.0\r\n${kept}Content-Length: ${text.length}\r\n\r\n${text}`;
      })
      .join('');
    for (const chunk of cut(ascii(bytes), cutting)) {
      for (const event of server.receive(chunk)) {
        asked.add(event);
        if (event.type === 'end') answer(event.exchange, (all[served++] as ExchangeModel).response); // one for each request
      }
      written += drain(server);
    }

    // A body whose end nothing else tells ends with the connection.
    const untilClose = all.findIndex(
      ({ request: { method }, response }) => response.body.kind === 'chunked' && mayHaveBody(response, method),
    );
    const count = !keepsAlive ? 1 : untilClose < 0 ? all.length : untilClose + 1;
    const answered = all.slice(0, count);
    expect([served, server.outputEnded]).toEqual([count, !keepsAlive || untilClose >= 0]);
    expect(asked.all.map(({ start, body }) => [start, body])).toEqual(
      answered.map(({ request: { method, target, body } }) => [`${method} ${target}`, textOfBody(body)]),
    );
    const closes = keepsAlive ? null : 'client';
    expect(written).toBe(
      answered
        .map(({ request: { method }, response }) => exactResponse(response, { method, version: '1.0', closes }))
        .join(''),
    );
    expect(written).not.toMatch(/^transfer-encoding:/im);

    const client = new ClientConnection({ persistent: true });
    for (const model of answered)
      client.request({ method: methodOf(model), target: '/', headers: [['Host', 'a.example']] });
    drain(client);
    const readBack = new Messages();
    client.receive(ascii(written)).receiveEnd();
    for (const event of client) readBack.add(event);
    const expected = answered.flatMap((model) =>
      asMessages({ ...model, response: { ...model.response, interim: [] } }),
    );
    expect(readBack.all).toEqual(expected);
    const methods = answered.map(({ request: { method } }) => method);
    const responses = responsesByLlhttp(ascii(written), methods);
    expect(fromLlhttp(responses)).toEqual(expected.map(asLlhttp));
    expect(responses.ending).toBe(keepsAlive || untilClose === 0 ? 'boundary' : 'last');
  });
  fc.assert(property, { seed, numRuns: 150 });
});

test('what a client writes to an HTTP/1.0 server is exact, has no chunks, and reads as the same messages', () => {
  const property = fc.property(fc.array(request, { minLength: 1, maxLength: 6 }), fc.boolean(), (all, untilClose) => {
    const client = new ClientConnection();
    const streaming = new Map<ClientExchange, Body>();
    const sent: RequestModel[] = [];
    let written = '';
    const exchangeWith = (model: RequestModel, response: string) => {
      ask(client, model, streaming);
      sent.push(model);
      for (const event of client) {
        if (event.type === 'start') finish(event.exchange, streaming.get(event.exchange) ?? nothing);
      }
      written += drain(client);
      if (model.expects) {
        client.advance(0);
        client.advance(client.deadline); // an HTTP/1.0 server never says 100
        written += drain(client);
      }
      for (const _ of client.receive(ascii(response)));
    };
    // What it speaks is not known before its first response, which must not be to chunks.
    const first: RequestModel = { method: 'GET', target: '/', fields: [], body: nothing, expects: false };
    const kept = 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n';
    exchangeWith(first, kept);
    for (const model of all) {
      if (model.body.kind !== 'chunked') exchangeWith(model, kept);
      else expect(() => ask(client, model, streaming)).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
    }
    expect(written).toBe(sent.map((model) => exactRequest(model)).join(''));
    expect(written).not.toMatch(/^transfer-encoding:/im);
    if (untilClose) {
      exchangeWith(first, 'HTTP/1.0 200 OK\r\n\r\nhello');
      expect([client.persistence.verdict, drain(client)]).toEqual(['close', '']);
    } else expect(client.persistence.verdict).toBe('keep');

    const asked = new Messages();
    const server = new ServerConnection();
    for (const event of server.receive(ascii(written))) {
      asked.add(event);
      if (event.type === 'end') event.exchange.respond({ status: 204 });
    }
    expect(asked.all).toEqual(sent.map(asMessage));
    const requests = requestsByLlhttp(ascii(written));
    expect(fromLlhttp(requests)).toEqual(sent.map((model) => asLlhttp(asMessage(model))));
    expect(requests.ending).toBe('boundary');
  });
  fc.assert(property, { seed, numRuns: 150 });
});
