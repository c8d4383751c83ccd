// The same bytes, cut anywhere, give the same events; what one of us writes the other reads, and llhttp reads alike. By seed, over
// messages of every valid shape (RFC 9112 §3 to §7).

import fc from 'fast-check';
import type { ClientEvent, HeaderPairs, ServerEvent } from '../src/index.ts';
import {
  type Body,
  type ExchangeModel,
  exchange,
  type Fields,
  request,
  textOfBody,
  writing,
  writtenRequest,
  writtenResponse,
} from './generators.ts';
import { asUtf8, type Read, readByLlhttp } from './llhttp.ts';
import { ascii, type Cut, cut, Pair, readRequests, readResponses, textOf } from './pair.ts';

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
    const written = messages.map(([model, form]) => withLength(model, writtenResponse(model.response, form)));
    const bytes = ascii(written.join('') + last);
    // Whether a response has a body depends on HEAD alone, and GET may always be pipelined.
    const methods = messages.map(([model]) => (model.request.method === 'HEAD' ? 'HEAD' : 'GET'));
    const run = { methods: untilClose ? [...methods, 'GET'] : methods, eof: 'clean' as const };
    const whole = readResponses([bytes], run).events;
    expect(short(whole)).toEqual([
      ...messages.flatMap(([{ response }]) => [
        ...response.interim.map((status) => `informational ${status} ""`),
        ...eventsOf(`response ${response.status} ${JSON.stringify(response.reason)}`, response.body),
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
      withSlips(all.map(([model, form]) => writtenResponse(model.response, form)).join(''), some),
    );
    const asClient = { eof: 'clean' as const, methods: all.map(() => 'GET') };
    expect(readResponses(cut(responses, cutting), asClient).events).toEqual(
      readResponses([responses], asClient).events,
    );
  });
  fc.assert(property, { seed, numRuns: 250 });
});

// A response without a body needs a field that says so, where neither its status nor its request does.
function withLength({ request, response: { status, body } }: ExchangeModel, bytes: string): string {
  if (body.kind !== 'none' || request.method === 'HEAD' || status === 204 || status === 304) return bytes;
  return bytes.replace(/\r\n\r\n$/, '\r\nContent-Length: 0\r\n\r\n');
}

/** The fields that are not the core's. */
function ownFields(headers: HeaderPairs): Fields {
  return [...headers].filter(([name]) => !/^(?:host|connection|content-length|transfer-encoding)$/i.test(name));
}

/** A message as either side, or llhttp, has read it. */
type Message = Pick<Read, 'body'> & { start: string; fields: Fields; trailers: Fields };

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

/** Sends those exchanges through a client and a server, and gives what each has read and written. */
function converse(all: readonly ExchangeModel[], cutting: Cut) {
  const asked = new Messages();
  const answered = new Messages();
  const streaming = new Map<unknown, Body>();
  let served = 0;
  const pair = new Pair({
    client: { persistent: true },
    cut: cutting,
    serve: (event) => {
      asked.add(event);
      if (event.type !== 'end') return;
      const {
        interim,
        status,
        reason,
        fields: headers,
        body,
      } = all[served++]?.response ?? { interim: [], status: 500 };
      for (const each of interim) event.exchange.inform({ status: each });
      const head = { status, ...(reason !== undefined && { reason }), ...(headers && { headers }) };
      if (body?.kind !== 'chunked') return event.exchange.respond(head, bytesOf(body));
      event.exchange.startResponse(head);
      for (const piece of body.pieces) event.exchange.write(ascii(piece));
      event.exchange.end(body.trailers);
    },
    use: (event) => {
      answered.add(event);
      if (event.type !== 'start') return;
      const body = streaming.get(event.exchange);
      for (const piece of body?.pieces ?? []) event.exchange.write(ascii(piece));
      event.exchange.end(body?.trailers);
    },
  });
  const exchanges = all.map(({ request: { method, target, fields, body } }) => {
    const head = { method, target, headers: [['Host', 'a.example'], ...fields] as const };
    if (body.kind !== 'chunked') return pair.client.request(head, bytesOf(body));
    const started = pair.client.startRequest(head);
    streaming.set(started, body);
    return started;
  });
  pair.run();
  return { asked: asked.all, answered: answered.all, pair, states: exchanges.map(({ state }) => state) };
}

function bytesOf(body: Body | undefined): Uint8Array | undefined {
  return body === undefined || body.kind === 'none' ? undefined : ascii(textOfBody(body));
}

/** What llhttp's wrapper makes of that text, and then of a message. */
const fieldsAsUtf8 = (fields: Fields): Fields => fields.map(([name, value]) => [name, asUtf8(value)]);
const asLlhttp = ({ start, fields, body, trailers }: Message): Message => ({
  start: start.replace(/^(\d{3}).*/s, '$1'),
  fields: fieldsAsUtf8(fields),
  body,
  trailers: fieldsAsUtf8(trailers),
});
const fromLlhttp = ({ method, target, status, fields, body, trailers }: Read): Message => ({
  start: status === undefined ? `${method} ${target}` : String(status),
  fields: ownFields(fields),
  body,
  trailers,
});

test('what a client writes a server reads, what a server writes a client reads, and llhttp reads the same', () => {
  const property = fc.property(fc.array(exchange, { minLength: 1, maxLength: 6 }), how, (all, cutting) => {
    const { asked, answered, pair, states } = converse(all, cutting);
    expect(asked).toEqual(
      all.map(({ request: { method, target, fields, body } }) => ({
        start: `${method} ${target}`,
        fields,
        body: textOfBody(body),
        trailers: body.trailers,
      })),
    );
    expect(answered).toEqual(
      all.flatMap(({ response: { interim, status, reason, fields, body } }) => [
        ...interim.map((each) => ({ start: String(each), fields: [], body: '', trailers: [] })),
        { start: `${status} ${reason}`, fields, body: textOfBody(body), trailers: body.trailers },
      ]),
    );
    expect(states).toEqual(all.map(() => 'done'));

    const requests = readByLlhttp('REQUEST', ascii(pair.requests));
    expect([requests.mistake, requests.messages.map(fromLlhttp)]).toEqual([null, asked.map(asLlhttp)]);
    const responses = readByLlhttp('RESPONSE', ascii(pair.responses), (i) => all[i]?.request.method === 'HEAD');
    expect([responses.mistake, responses.messages.map(fromLlhttp)]).toEqual([null, answered.map(asLlhttp)]);
  });
  fc.assert(property, { seed, numRuns: 120 });
});
