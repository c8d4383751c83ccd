// Both ends of a transfer on a socket alone: writes what is ready made, and counts what comes. Knows where a chunked body ends by its last
// five bytes, since what it is sent holds no others like them at the end of a piece.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { asked, pieces, receipt, targetOf, type Work } from './works.ts';

const last = Buffer.from('0\r\n\r\n');
const crlf = Buffer.from('\r\n');

/** Answers one transfer after another on each connection; the port it listens at. */
export async function serveRaw(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    readMessages(socket, (head) => {
      const wanted = asked(head.split(' ', 2)[1] ?? '');
      const frame = wanted.framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${wanted.size}`;
      if (wanted.direction === 'down') {
        socket.write(`HTTP/1.1 200 OK\r\n${frame}\r\n\r\n`);
        void writeBody(socket, wanted);
        return null;
      }
      const said = receipt(wanted.size);
      const answer = () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${said.length}\r\n\r\n${said}`);
      return { ...wanted, done: answer };
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // not a path
}

/** One transfer with a server. */
export async function callRaw(port: number, work: Work): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  try {
    const answered = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('it does not answer')), 60_000);
      const done = () => {
        clearTimeout(late);
        resolve();
      };
      readMessages(socket, (head) => {
        if (!head.startsWith('HTTP/1.1 200 ')) reject(new Error(`it answers ${head.slice(0, 100)}`));
        if (work.direction === 'down') return { ...work, done };
        return { framing: 'length', size: receipt(work.size).length, done };
      });
      socket.on('error', reject);
      socket.on('end', () => reject(new Error('it closes')));
    });
    const [method, frame] =
      work.direction === 'down'
        ? ['GET', '']
        : ['POST', work.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${work.size}\r\n`];
    socket.write(`${method} ${targetOf(work)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${frame}\r\n`);
    await Promise.all([work.direction === 'up' ? writeBody(socket, work) : null, answered]);
  } finally {
    socket.destroy();
  }
}

/** What is known of a body before it comes, and what to do when it has. */
interface Expected {
  readonly framing: Work['framing'];
  readonly size: number;
  done(): void;
}

/** Calls `read` with each head; what it returns is the body that follows. */
function readMessages(socket: Socket, read: (head: string) => Expected | null): void {
  let head = '';
  let expected: Expected | null = null;
  let owed = 0;
  const tail = Buffer.alloc(last.length);
  const body = (bytes: Buffer) => {
    if (expected === null) return;
    owed -= bytes.length;
    // The last bytes of all that has come; a piece may be shorter than they are.
    if (bytes.length < tail.length) tail.copyWithin(0, bytes.length);
    bytes.copy(tail, Math.max(0, tail.length - bytes.length), Math.max(0, bytes.length - tail.length));
    // A chunked body is larger than what it carries.
    if (expected.framing === 'length' ? owed > 0 : owed > 0 || !tail.equals(last)) return;
    const { done } = expected;
    expected = null;
    done();
  };
  socket.on('data', (bytes: Buffer) => {
    if (expected !== null) return body(bytes);
    head += bytes.toString('latin1');
    const end = head.indexOf('\r\n\r\n') + 4;
    if (end === 3) return;
    const rest = Buffer.from(head.slice(end), 'latin1');
    expected = read(head);
    owed = expected?.size ?? 0;
    head = '';
    if (rest.length > 0) body(rest);
  });
}

/** As fast as the socket takes it. */
async function writeBody(socket: Socket, { framing, size }: Pick<Work, 'framing' | 'size'>): Promise<void> {
  for (const piece of pieces(size)) {
    let room: boolean;
    if (framing === 'chunked') {
      socket.cork();
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      room = socket.write(crlf);
      socket.uncork();
    } else room = socket.write(piece);
    if (!room) await drained(socket);
    if (socket.destroyed) return;
  }
  if (framing === 'chunked') socket.write(last);
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
