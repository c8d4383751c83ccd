// What becomes of the connection behind each message, and where the message ends, over every combination of version, method, status,
// framing fields and Connection, in both roles (RFC 9112 §6.3, §9.3, §9.6). The expectations are computed here from the text of the
// RFC, and know nothing of the code.

import {
  ClientConnection,
  type CloseReason,
  type HeaderPairs,
  ServerConnection,
  type ServerExchange,
} from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const versions = ['1.0', '1.1', '1.2'] as const;
type Version = (typeof versions)[number];

const methods = ['GET', 'HEAD', 'POST', 'CONNECT'] as const;
type Method = (typeof methods)[number];

/** Values of Connection, with the options that decide something. */
const connections = [
  { value: null, close: false, keepAlive: false },
  { value: 'close', close: true, keepAlive: false },
  { value: 'keep-alive', close: false, keepAlive: true },
  { value: 'Keep-Alive, CLOSE', close: true, keepAlive: true },
  { value: 'close, keep-alive', close: true, keepAlive: true },
  { value: ' ,x ,\tKEEP-ALIVE,', close: false, keepAlive: true },
  { value: 'upgrade', close: false, keepAlive: false },
  { value: 'closed', close: false, keepAlive: false },
] as const;
type Connection = (typeof connections)[number];

/** Framing fields, and what they say of the body: nothing, a length, chunks, or what cannot be. */
const framings = [
  { fields: [], says: 'nothing' },
  { fields: ['Content-Length: 5'], says: 'length' },
  { fields: ['Content-Length: 0'], says: 'empty' },
  { fields: ['Transfer-Encoding: chunked'], says: 'chunks' },
  { fields: ['Content-Length: 5', 'Transfer-Encoding: chunked'], says: 'mistake' },
  { fields: ['Transfer-Encoding: chunked', 'Content-Length: 0'], says: 'mistake' },
  { fields: ['Content-Length: 5', 'Content-Length: 0'], says: 'mistake' },
  { fields: ['Content-Length: -5'], says: 'mistake' },
  { fields: ['Transfer-Encoding: chunked, x'], says: 'mistake' },
] as const;
type Framing = (typeof framings)[number];

/** Does a message of that version leave the connection open, by its own words (RFC 9112 §9.3)? */
function persists(version: Version, connection: Connection): boolean {
  if (connection.close) return false;
  if (version !== '1.0') return true;
  return connection.keepAlive;
}

/** Neither can be read: both fields (§6.1), a bad length (§6.3, rule 5), a coding that is not chunked, one in HTTP/1.0 (§6.1). */
function isMistaken(version: Version, { says }: Framing): boolean {
  return says === 'mistake' || (says === 'chunks' && version === '1.0');
}

const wireOf = { none: '', length: 'hello', empty: '', chunks: '5\r\nhello\r\n0\r\n\r\n', 'until-close': 'hello' };
const contentOf = { none: '', length: 'hello', empty: '', chunks: 'hello', 'until-close': 'hello' };
type Body = keyof typeof wireOf;

function fieldsOf(connection: Connection, framing: Framing): readonly string[] {
  return connection.value === null ? framing.fields : [...framing.fields, `Connection: ${connection.value}`];
}

/** Every way to choose one of each. */
function* product<A, B, C>(as: readonly A[], bs: readonly B[], cs: readonly C[]): Generator<[A, B, C]> {
  for (const a of as) for (const b of bs) for (const c of cs) yield [a, b, c];
}

const statuses = [200, 204, 205, 206, 299, 300, 304, 400, 407, 408, 426, 500, 999] as const;
type Status = (typeof statuses)[number];

describe('a response', () => {
  /** Where its body ends (RFC 9112 §6.3), or what it is instead. */
  function bodyOf(method: Method, status: Status, version: Version, framing: Framing): Body | 'tunnel' | 'mistake' {
    if (method === 'CONNECT' && status < 300) return 'tunnel'; // rule 2, whatever the fields say
    if (isMistaken(version, framing)) return 'mistake';
    if (method === 'HEAD' || status === 204 || status === 304) return 'none'; // rule 1
    if (framing.says === 'nothing') return 'until-close'; // rule 8
    return framing.says as Body; // rules 4 and 6; a mistake is no more here
  }

  /** The body as it comes out, and what is then known of the connection. */
  function expected(
    method: Method,
    status: Status,
    version: Version,
    asked: boolean,
    connection: Connection,
    framing: Framing,
  ): string {
    const body = bodyOf(method, status, version, framing);
    const own: CloseReason | null = asked ? 'request-close' : null;
    if (body === 'mistake') return `refused, close ${own ?? 'error'}`;
    if (body === 'tunnel') return `tunnel, close ${own ?? 'upgrade'}`;
    const said = persists(version, connection) ? null : connection.close ? 'response-close' : 'http-1.0';
    const reason = own ?? said ?? (body === 'until-close' ? 'until-close-body' : null);
    return `"${contentOf[body]}", ${reason === null ? 'goes on' : `close ${reason}`}`;
  }

  function actual(
    method: Method,
    status: Status,
    version: Version,
    asked: boolean,
    connection: Connection,
    framing: Framing,
  ): string {
    const client = new ClientConnection({ persistent: true });
    const headers: HeaderPairs = asked
      ? [
          ['Host', 'x'],
          ['Connection', 'close'],
        ]
      : [['Host', 'x']];
    client.request({ method, target: method === 'CONNECT' ? 'x:1' : '/', headers });
    drain(client);
    const body = bodyOf(method, status, version, framing);
    const bytes = body === 'mistake' || body === 'tunnel' ? '' : wireOf[body];
    client.receive(ascii(lines(`HTTP/${version} ${status} `, ...fieldsOf(connection, framing)) + bytes));
    if (body === 'until-close') client.receiveEnd();
    let content = '';
    let result = 'nothing';
    for (const event of client) {
      if (event.type === 'data') content += new TextDecoder().decode(event.bytes);
      if (event.type === 'end') result = `"${content}"`;
      if (event.type === 'upgrade') result = 'tunnel';
      if (event.type === 'closed' && event.error?.code === 'ERR_FRAMING') result = 'refused';
    }
    const { persistence } = client;
    return `${result}, ${persistence.verdict === 'close' ? `close ${persistence.reason}` : goesOn(client)}`;
  }

  /** A connection that may be used again carries another exchange. */
  function goesOn(client: ClientConnection): string {
    if (client.closed || client.finished || client.persistence.verdict !== 'keep') return 'is neither open nor closed';
    client.request({ method: 'GET', target: '/next', headers: [['Host', 'x']] });
    drain(client);
    const events = pull(client.receive(ascii(lines('HTTP/1.1 204 '))));
    return events.join().startsWith('response 204') ? 'goes on' : `goes on with ${events.join()}`;
  }

  describe.each(versions)('of HTTP/%s', (version) => {
    test.each(methods)('to %s ends where it says, and so does the connection', (method) => {
      const wrong: string[] = [];
      for (const [status, connection, framing] of product(statuses, connections, framings)) {
        for (const asked of [false, true]) {
          const want = expected(method, status, version, asked, connection, framing);
          const got = actual(method, status, version, asked, connection, framing);
          const said = fieldsOf(connection, framing).join(', ');
          if (got !== want) wrong.push(`${status} ${said}${asked ? ', asked to close' : ''}: ${got}, not ${want}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  });

  test.each(versions)('that is interim has no body whatever it says, and decides nothing: HTTP/%s', (version) => {
    const wrong: string[] = [];
    const readable = framings.filter((framing) => !isMistaken(version, framing));
    const staying = connections.filter(({ close }) => !close);
    for (const [status, connection, framing] of product([100, 102, 103, 199], staying, readable)) {
      const client = new ClientConnection({ persistent: true });
      client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] });
      drain(client);
      const head = lines(`HTTP/${version} ${status} `, ...fieldsOf(connection, framing));
      const events = pull(client.receive(ascii(head + lines('HTTP/1.1 204 '))));
      const got = `${events.map((event) => event.split(' ', 2).join(' ')).join(', ')}, ${goesOn(client)}`;
      if (got !== `informational ${status}, response 204, end, goes on`) wrong.push(`${head}: ${got}`);
    }
    expect(wrong).toEqual([]);
  });

  test('a connection that is said to close is used no more, and one that goes on is', () => {
    const of = (version: Version, connection: Connection) =>
      actual('GET', 200, version, false, connection, framings[1]).replace('"hello", ', '');
    expect(connections.map((connection) => versions.map((version) => of(version, connection)))).toEqual([
      ['close http-1.0', 'goes on', 'goes on'],
      ['close response-close', 'close response-close', 'close response-close'],
      ['goes on', 'goes on', 'goes on'],
      ['close response-close', 'close response-close', 'close response-close'],
      ['close response-close', 'close response-close', 'close response-close'],
      ['goes on', 'goes on', 'goes on'],
      ['close http-1.0', 'goes on', 'goes on'],
      ['close http-1.0', 'goes on', 'goes on'],
    ]);
  });
});

/** What an application answers with. */
const answers = [
  { name: 'a body', status: 200, how: 'whole', says: null },
  { name: 'a body in pieces', status: 200, how: 'pieces', says: null },
  { name: 'no content', status: 204, how: 'empty', says: null },
  { name: 'not modified', status: 304, how: 'empty', says: null },
  { name: 'a refusal', status: 404, how: 'whole', says: null },
  { name: 'a refusal in pieces', status: 407, how: 'pieces', says: null },
  { name: 'a body, and close', status: 200, how: 'whole', says: 'close' },
  { name: 'a refusal, and close', status: 500, how: 'whole', says: 'close' },
] as const;
type Answer = (typeof answers)[number];

describe('a request', () => {
  /** Where its body ends (RFC 9112 §6.3). */
  function bodyOf(method: Method, version: Version, framing: Framing): Body | 'mistake' {
    if (isMistaken(version, framing)) return 'mistake';
    if (framing.says === 'nothing') return 'none'; // rule 7
    if (method === 'CONNECT') return 'mistake'; // RFC 9110 §9.3.6: no content
    return framing.says as Body; // rules 4 and 6; a mistake is no more here
  }

  /** How the answer's body is sent (RFC 9112 §6.1, §6.3; RFC 9110 §8.6). */
  function sentBodyOf(method: Method, version: Version, { how }: Answer): [field: string, bytes: string] {
    if (how === 'empty') return ['', ''];
    if (how === 'whole') return ['Content-Length: 2', method === 'HEAD' ? '' : 'hi'];
    if (version === '1.0') return ['', method === 'HEAD' ? '' : 'hi'];
    return ['Transfer-Encoding: chunked', method === 'HEAD' ? '' : '2\r\nhi\r\n0\r\n\r\n'];
  }

  function expected(
    method: Method,
    version: Version,
    connection: Connection,
    framing: Framing,
    answer: Answer,
  ): string {
    const body = bodyOf(method, version, framing);
    if (body === 'mistake') return 'refused, close error, says close';
    const said = persists(version, connection) ? null : connection.close ? 'request-close' : 'http-1.0';
    const read = `"${contentOf[body]}"`;
    // Nothing is sent in the tunnel's place, and nothing is said of a connection that is HTTP's no more.
    if (method === 'CONNECT' && answer.status < 300) return `${read}, tunnel, close ${said ?? 'upgrade'}`;
    const [field, bytes] = sentBodyOf(method, version, answer);
    const untilClose = field === '' && bytes !== '';
    const refusedTunnel = method === 'CONNECT' ? 'upgrade' : null;
    const own = answer.says === 'close' ? 'response-close' : untilClose ? 'until-close-body' : null;
    const reason = said ?? refusedTunnel ?? own;
    // An HTTP/1.0 client is told that the connection stays open (RFC 9112 §9.3, appendix C.2.2).
    const says = reason !== null ? 'close' : version === '1.0' ? 'keep-alive' : 'nothing';
    const sent = `${answer.status} ${field} ${JSON.stringify(bytes)} says ${says}`;
    return `${read}, ${sent}, ${reason === null ? 'goes on' : `close ${reason}`}`;
  }

  function actual(method: Method, version: Version, connection: Connection, framing: Framing, answer: Answer): string {
    const server = new ServerConnection();
    const body = bodyOf(method, version, framing);
    const bytes = body === 'mistake' ? '' : wireOf[body];
    const target = method === 'CONNECT' ? 'x:1' : '/';
    const head = lines(`${method} ${target} HTTP/${version}`, 'Host: x', ...fieldsOf(connection, framing));
    server.receive(ascii(head + bytes + lines('GET /next HTTP/1.1', 'Host: x')));
    let content = '';
    let result = '';
    let next = false;
    for (const event of server) {
      if (event.type === 'request' && event.head.target === '/next') next = true;
      else if (event.type === 'data') content += new TextDecoder().decode(event.bytes);
      else if (event.type === 'upgrade') result += ', tunnel';
      else if (event.type === 'error') {
        server.refuse({ status: event.error.status });
        const says = /^HTTP\/1.1 400 .*\r\nConnection: close\r\n/s.test(drain(server)) ? 'close' : 'nothing';
        return `refused, ${fate(server, next)}, says ${says}`;
      } else if (event.type === 'end' && !next) {
        result += `"${content}"`;
        reply(event.exchange, method, answer);
        const output = drain(server);
        if (method !== 'CONNECT' || answer.status >= 300) result += `, ${summaryOf(output)}`;
      }
    }
    return `${result}, ${fate(server, next)}`;
  }

  function reply(exchange: ServerExchange, method: Method, { status, how, says }: Answer): void {
    const head = { status, headers: says === null ? [] : ([['Connection', says]] as const) };
    const tunnel = method === 'CONNECT' && status < 300;
    if (how === 'empty' || tunnel) return exchange.respond(head);
    if (how === 'whole') return exchange.respond(head, ascii('hi'));
    exchange.startResponse(head);
    exchange.write(ascii('hi'));
    exchange.end();
  }

  /** A response as it was sent: its status, what frames it, its body, and what it says of the connection. */
  function summaryOf(output: string): string {
    const end = output.indexOf('\r\n\r\n');
    const [first = '', ...fields] = output.slice(0, end).split('\r\n');
    const framing = fields.filter((field) => /^(?:Content-Length|Transfer-Encoding):/.test(field)).join();
    const said = fields.filter((field) => field.startsWith('Connection: ')).map((field) => field.slice(12));
    const status = first.split(' ')[1];
    return `${status} ${framing} ${JSON.stringify(output.slice(end + 4))} says ${said.join() || 'nothing'}`;
  }

  function fate(server: ServerConnection, next: boolean): string {
    const { persistence } = server;
    if (persistence.verdict === 'close') return `close ${persistence.reason}${next ? ', but reads on' : ''}`;
    return next ? 'goes on' : 'is neither open nor closed';
  }

  describe.each(versions)('of HTTP/%s', (version) => {
    test.each(methods)('%s ends where it says, and so does the connection behind its answer', (method) => {
      const wrong: string[] = [];
      for (const [connection, framing, answer] of product(connections, framings, answers)) {
        const want = expected(method, version, connection, framing, answer);
        const got = actual(method, version, connection, framing, answer);
        const said = fieldsOf(connection, framing).join(', ');
        if (got !== want) wrong.push(`${said}, answered by ${answer.name}: ${got}, not ${want}`);
      }
      expect(wrong).toEqual([]);
    });
  });
});
