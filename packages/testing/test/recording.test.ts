// A recording is what was done with a connection: recorded, it behaves as before; replayed, it does the same again.

import { ClientConnection, type ClientOptions, ServerConnection, type ServerOptions } from '@halfpipe/core';
import { Connection, type ConnectionOptions } from '@halfpipe/driver';
import { collect, drain, lineOf } from '../src/events.ts';
import { bytes, text } from '../src/octets.ts';
import { record } from '../src/recording.ts';
import { connectionCalls, exchangeCalls } from '../src/recording-format.ts';
import { replay } from '../src/replay.ts';
import { ScriptedPeer } from '../src/scripted-peer.ts';
import { Life } from './life.ts';

/** A life whose connections are recorded. */
function recordedLife(seed: number) {
  const lines: string[][] = [];
  const life = new Life(seed, (connection, options) => {
    const own: string[] = [];
    lines.push(own);
    return record(connection, (line) => own.push(line), options);
  });
  life.run(200);
  const [client = [], server = []] = lines;
  return { seed, life, client, server };
}

describe('a hundred lives', () => {
  const seeds = Array.from({ length: 100 }, (_, i) => i + 1);
  let recorded: ReturnType<typeof recordedLife>[] = [];

  beforeAll(() => {
    recorded = seeds.map(recordedLife);
  });

  test('are the same when they are recorded', () => {
    const different = recorded.filter(({ seed, life }) => {
      return JSON.stringify(new Life(seed).run(200).trace) !== JSON.stringify(life.trace);
    });
    expect(different.map(({ seed }) => seed)).toEqual([]);
  });

  test('give the same events, bytes and throws when they are replayed', () => {
    for (const { seed, life, ...lines } of recorded) {
      const client = replay(lines.client);
      const server = replay(lines.server.join('\n'));
      expect([seed, client.difference, server.difference]).toEqual([seed, null, null]);
      expect(client.events).toEqual(life.clientGave.events);
      expect(server.events).toEqual(life.serverGave.events);
      expect(text(client.output)).toBe(life.clientGave.output);
      expect(text(server.output)).toBe(life.serverGave.output);
      expect([...client.thrown, ...server.thrown].sort()).toEqual([...life.thrown].sort());
    }
  });

  test('meet every kind of call, event and throw', () => {
    const met = new Set<string>();
    for (const { client, server } of recorded) {
      for (const line of [...client, ...server]) {
        const { call, event, threw } = JSON.parse(line);
        met.add(call ?? threw ?? event?.replace(/ .*/s, '') ?? '');
      }
    }
    const calls = [...Object.keys(connectionCalls), ...Object.keys(exchangeCalls), 'deadline'];
    const events = [
      'request',
      'response',
      'informational',
      'data',
      'end',
      'upgrade',
      'eof',
      'error',
      'closed',
      'lost',
      'start',
    ];
    const throws = ['ERR_STATE', 'ERR_HEAD', 'ERR_CLOSED', 'ERR_BODY_LENGTH'];
    expect([...calls, ...events, ...throws].filter((each) => !met.has(each))).toEqual([]);
  });

  test('that were cut short are replayed as far as they are written', () => {
    for (const { client } of recorded.slice(0, 10)) {
      const { events, thrown } = replay(client);
      for (let length = 1; length <= client.length; length += 7) {
        const part = replay(client.slice(0, length));
        expect(part.difference).toBeNull();
        expect(part.events).toEqual(events.slice(0, part.events.length));
        expect(part.thrown).toEqual(thrown.slice(0, part.thrown.length));
      }
    }
  });
});

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

/** The third line replaced. */
function withLine(lines: readonly string[], line: string): string[] {
  return lines.map((old, i) => (i === 2 ? line : old));
}

/** A server that has answered one request, and lost what came next. */
function recordedServer(): string[] {
  const lines: string[] = [];
  const options: ServerOptions = {
    limits: { bodySize: Number.POSITIVE_INFINITY, drainSize: 10 },
    timeouts: { idle: 60_000 },
    relax: ['bare-lf'],
    wake: () => {},
  };
  const server = record(new ServerConnection(options), (line) => lines.push(line), options);
  server.advance(0);
  for (const event of server.receive(bytes(get))) {
    if (event.type !== 'end') continue;
    event.exchange.respond(
      { status: 200, headers: new Map([['Date', 'Sun, 22 Nov 2026 21:20:00 GMT']]) },
      bytes('\0\x01\xff'),
    );
    expect(() => event.exchange.end()).toThrow('complete');
  }
  drain(server);
  server.receiveEnd('truncated').nextEvent();
  server.abort(new Error('The cable is cut'));
  return lines;
}

describe('a recording', () => {
  test('is read like this', () => {
    expect(recordedServer()).toEqual([
      '{"recording":"halfpipe","version":1,"role":"server","options":{"limits":{"bodySize":"Infinity","drainSize":10},"timeouts":{"idle":60000},"relax":["bare-lf"]}}',
      '{"call":"advance","now":0}',
      '{"call":"receive","bytes":"GET /a HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"}',
      '{"call":"nextEvent"}',
      '{"event":"request GET /a HTTP/1.1 none [[\\"Host\\",\\"x\\"]]","exchange":1}',
      '{"call":"nextEvent"}',
      '{"event":"end","exchange":1}',
      '{"call":"respond","exchange":1,"head":{"status":200,"headers":[["Date","Sun, 22 Nov 2026 21:20:00 GMT"]]},"body":{"base64":"AAH/"}}',
      '{"call":"end","exchange":1}',
      '{"threw":"ERR_STATE"}',
      '{"call":"nextEvent"}',
      '{"call":"nextChunk"}',
      '{"chunk":"HTTP/1.1 200 OK\\r\\nDate: Sun, 22 Nov 2026 21:20:00 GMT\\r\\nContent-Length: 3\\r\\n\\r\\n\\u0000\\u0001ÿ"}',
      '{"call":"nextChunk"}',
      '{"call":"receiveEnd","eof":"truncated"}',
      '{"call":"nextEvent"}',
      '{"event":"eof"}',
      '{"call":"abort","cause":"The cable is cut"}',
    ]);
  });

  test('is replayed with its options, in time', () => {
    const lines: string[] = [];
    const options: ClientOptions = { timeouts: { head: 50 }, persistent: false, maxInFlight: Number.POSITIVE_INFINITY };
    const client = record(new ClientConnection(options), (line) => lines.push(line), options);
    client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] });
    expect([client.deadline, client.deadline]).toEqual([50, 50]); // which starts the clock
    expect(lines.slice(2)).toEqual(['{"call":"deadline"}']);
    client.advance(1_000);
    collect(client);
    const again = replay(lines);
    expect(again.difference).toBeNull();
    expect(again.events[0]).toMatch(/^closed ERR_TIMEOUT: /);
  });

  test('cut at any byte is replayed as far as it is whole', () => {
    const all = recordedServer().join('\n');
    const { events } = replay(all);
    const first = all.indexOf('\n');
    for (let size = first; size <= all.length; size++) {
      const part = replay(all.slice(0, size));
      expect(part.difference).toBeNull();
      expect(part.events).toEqual(events.slice(0, part.events.length));
    }
    expect(events).toEqual(['request GET /a HTTP/1.1 none [["Host","x"]]', 'end', 'eof']);
  });

  test('leaves a connection that goes on from there', () => {
    const { connection } = replay(recordedServer().slice(0, 3));
    expect(collect(connection)).toEqual(['request GET /a HTTP/1.1 none [["Host","x"]]', 'end']);
  });

  test.each<[string, number, string, string]>([
    [
      'another event',
      3,
      'GET /b HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n',
      'Line 4, nextEvent():\n  recorded: request GET /a HTTP/1.1 none [["Host","x"]] (exchange 1)\n  replayed: request GET /b HTTP/1.1 none [["Host","x"]] (exchange 1)',
    ],
    [
      'no event',
      3,
      'GET',
      'Line 4, nextEvent():\n  recorded: request GET /a HTTP/1.1 none [["Host","x"]] (exchange 1)\n  replayed: nothing',
    ],
  ])('is compared: %s', (_, line, received, difference) => {
    const lines = recordedServer();
    lines[line - 1] = `{"call":"receive","bytes":"${received}"}`;
    expect(replay(lines).difference).toBe(difference);
  });

  test.each<[string, [from: string, to: string], string]>([
    [
      'another exchange',
      ['"event":"end","exchange":1', '"event":"end","exchange":2'],
      'Line 6, nextEvent():\n  recorded: end (exchange 2)\n  replayed: end (exchange 1)',
    ],
    [
      'a call on none',
      ['"respond","exchange":1', '"respond","exchange":2'],
      'Line 8, respond() of exchange 2:\n  there is no such exchange',
    ],
    [
      'a call of the other role',
      ['"call":"abort"', '"call":"request"'],
      'Line 18, request():\n  there is no such call',
    ],
    [
      'another throw',
      ['ERR_STATE', 'ERR_HEAD'],
      'Line 9, end() of exchange 1:\n  recorded: throws ERR_HEAD\n  replayed: throws ERR_STATE',
    ],
    [
      'no throw',
      ['"call":"end"', '"call":"inform"'],
      'Line 9, inform() of exchange 1:\n  recorded: throws ERR_STATE\n  replayed: throws TypeError',
    ],
    [
      'another body',
      ['AAH/', 'AAD/'],
      'Line 12, nextChunk():\n  HTTP/1.1 200 OK\\r\\n\n  Date: Sun, 22 Nov 2026 21:20:00 GMT\\r\\n\n  Content-Length: 3\\r\\n\n  \\r\\n\n- \\x00\\x01\\xff\n+ \\x00\\x00\\xff\n      ^ byte 76',
    ],
    [
      'bytes for none',
      ['"call":"nextEvent"}\n{"call":"nextChunk"', '"call":"nextChunk"}\n{"call":"nextChunk"'],
      'Line 11, nextChunk():\n  recorded: nothing\n  replayed: 78 bytes "HTTP/1.1 200 OK',
    ],
  ])('is compared: %s', (_, [from, to], difference) => {
    const edited = recordedServer().join('\n').replace(from, to);
    expect(replay(edited).difference).toContain(difference);
  });

  test.each<[string, string, (lines: string[]) => unknown]>([
    ['nothing', 'ERR_FORMAT', () => ''],
    ['another file', 'ERR_FORMAT', () => '{"name":"x"}'],
    ['a version of the future', 'ERR_VERSION', ([first = '']) => first.replace('"version":1', '"version":2')],
    ['a line broken in the middle', 'ERR_FORMAT', (lines) => withLine(lines, '{"call":"rec')],
    ['a line that is nothing', 'ERR_FORMAT', (lines) => withLine(lines, 'null')],
    ['an unknown call', 'ERR_FORMAT', (lines) => withLine(lines, '{"call":"constructor"}')],
    ['a broken argument', 'ERR_FORMAT', (lines) => withLine(lines, '{"call":"receive","bytes":{"base64":"?"}}')],
  ])('that is %s is refused with %s', (_, code, edit) => {
    expect(() => replay(edit(recordedServer()) as string)).toThrow(
      expect.objectContaining({ name: 'RecordingError', code }),
    );
  });
});

describe('a recorded connection', () => {
  test('may be driven by its own wake, within the call', () => {
    const run = (prepare: (client: ClientConnection, options: ClientOptions) => ClientConnection) => {
      const trace: string[] = [];
      const pump = () => {
        for (const event of client) trace.push(lineOf(event));
        trace.push(drain(client));
      };
      const options: ClientOptions = { persistent: true, wake: pump };
      const client: ClientConnection = prepare(new ClientConnection(options), options);
      for (const size of ['1', '0']) {
        const headers = [['Host', 'x'] as const, ['Content-Length', size] as const];
        const streamed = client.startRequest({ method: 'PUT', target: `/${size}`, headers });
        if (size === '1') streamed.write(bytes('a'));
        streamed.end();
      }
      client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] });
      for (const event of client.receive(bytes('HTTP/1.1 204 No Content\r\n\r\n'))) trace.push(lineOf(event));
      pump();
      client.abort();
      return trace;
    };
    const lines: string[] = [];
    const trace = run((client, options) => record(client, (line) => lines.push(line), options));
    expect(trace).toEqual(run((client) => client));
    const again = replay(lines);
    expect(again.difference).toBeNull();
    expect(again.events).toEqual(trace.filter((line) => /^(?:start|response|end|closed|lost)/.test(line)));
    expect(again.events).toContain('start');
  });

  test('shows nothing of it', () => {
    const server = record(new ServerConnection(), () => {});
    const [event] = server.receive(bytes(get));
    const plain = new ServerConnection();
    const [other] = plain.receive(bytes(get));
    expect(Object.keys(server)).toEqual(Object.keys(plain));
    expect(event?.type === 'request' && Object.keys(event.exchange)).toEqual(
      other?.type === 'request' && Object.keys(other.exchange),
    );
  });

  test('may be recorded twice', () => {
    const first: string[] = [];
    const second: string[] = [];
    const server = record(
      record(new ServerConnection(), (line) => first.push(line)),
      (line) => second.push(line),
    );
    for (const event of server.receive(bytes(get))) if (event.type === 'end') event.exchange.respond({ status: 200 });
    drain(server);
    expect(second).toEqual(first);
    expect(replay(first)).toMatchObject({ difference: null, thrown: [] });
  });

  test('has each call written before it is made', () => {
    const lines: string[] = [];
    const failure = new Error('The write failed');
    const server = record(new ServerConnection(), (line) => {
      lines.push(line);
      if (lines.length === 2) throw failure;
    });
    expect(() => server.receive(bytes(get))).toThrow(failure);
    expect(server.nextEvent()).toBeNull();
  });

  test('may have a second opinion, which must be given again', () => {
    const secondOpinion = () => 'refused' as const;
    const lines: string[] = [];
    const server = record(new ServerConnection({ secondOpinion }), (line) => lines.push(line), { secondOpinion });
    collect(server.receive(bytes(get)));
    expect(() => replay(lines)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
    expect(replay(lines, { secondOpinion }).difference).toBeNull();
    expect(replay(lines, { secondOpinion }).events).toEqual([expect.stringContaining('error ERR_SECOND_OPINION')]);
  });

  test('of the driver is recorded whole', async () => {
    const lines: string[] = [];
    const options: ConnectionOptions = { inspect: (protocol) => record(protocol, (line) => lines.push(line), options) };
    const peer = new ScriptedPeer({ chunking: 5 })
      .expectHead({ start: 'POST /' })
      .expect('hello')
      .send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    const connection = Connection.create(peer.open, options);
    const response = await connection.call('POST', 'http://x/', { body: 'hello' });
    expect(await response.body.text()).toBe('abc');
    connection.shutdown();
    await peer.done;
    const again = replay(lines);
    expect(again.difference).toBeNull();
    expect(again.connection.finished).toBe(true);
    expect(again.events.filter((line) => line.startsWith('data'))).toEqual(['data "abc"']);
  });
});
