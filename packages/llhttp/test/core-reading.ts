// What the core makes of a whole stream that is given to it at once, and then ends.

import {
  ClientConnection,
  type ClientEvent,
  type Head,
  type SecondOpinion,
  ServerConnection,
  type ServerEvent,
} from '../../core/src/index.ts';
import { textOf } from '../../core/test/pair.ts';
import type { Ending, Message, Reading } from './reading.ts';

// Both tell how many bytes they have not used.
class Server extends ServerConnection {
  get held(): number {
    return this.input.size;
  }
}

class Client extends ClientConnection {
  get held(): number {
    return this.input.size;
  }
}

// Small, so that messages beyond them need not be large.
const limits = { headSize: 4096, startLineSize: 1024, trailerSize: 1024, extensionSize: 2048 };

const toAnother = [
  ['Connection', 'upgrade'],
  ['Upgrade', 'x'],
] as const;

/** Requests, one behind the other. Each is answered, and another protocol that is asked for is granted, and so is a tunnel. */
export function requestsByCore(bytes: Uint8Array, secondOpinion?: SecondOpinion): Reading {
  const server = new Server({ limits, ...(secondOpinion !== undefined && { secondOpinion }) });
  const log = new Log(bytes.length);
  const pull = () => {
    for (let event = server.nextEvent(); event !== null; event = server.nextEvent()) {
      log.add(event);
      if (event.type !== 'error' && event.type !== 'upgrade') log.stands(server.held);
      if (event.type !== 'end') continue;
      const message = log.messages.at(-1);
      const wanted = upgradeIn(message?.fields ?? []);
      const headers = [
        ['Connection', 'upgrade'],
        ['Upgrade', wanted],
      ] as const;
      const switched = wanted !== '' && isDone(() => event.exchange.respond({ status: 101, headers }));
      if (!switched) event.exchange.respond({ status: 200 });
      if (message !== undefined && server.persistence.verdict === 'close') message.fate = 'close';
    }
  };
  server.receive(bytes);
  pull();
  if (server.outputEnded) log.ending ??= 'last';
  server.receiveEnd();
  pull();
  return log.reading();
}

/** Responses to requests of those methods, of which `UPGRADE` is a GET that asks for another protocol. */
export function responsesByCore(bytes: Uint8Array, methods: readonly string[], secondOpinion?: SecondOpinion): Reading {
  const client = new Client({ persistent: true, limits, ...(secondOpinion !== undefined && { secondOpinion }) });
  for (const method of methods) {
    const target = method === 'CONNECT' ? 'h.test:443' : '/';
    const headers = [['Host', 'h.test'], ...(method === 'UPGRADE' ? toAnother : [])] as const;
    client.request({ method: method === 'UPGRADE' ? 'GET' : method, target, headers });
  }
  while (client.nextChunk() !== null);
  const log = new Log(bytes.length);
  let answers = 0;
  const pull = (atEnd: boolean) => {
    for (let event = client.nextEvent(); event !== null; event = client.nextEvent()) {
      log.add(event);
      const message = log.messages.at(-1);
      const closes = client.persistence.verdict === 'close';
      if (event.type === 'end') answers++;
      if (event.type === 'end' && message !== undefined && closes) message.fate = 'close';
      // Behind the last response what is held has been dropped.
      const dropped = event.type === 'end' && closes;
      if (event.type !== 'closed' && event.type !== 'lost' && event.type !== 'upgrade' && !dropped)
        log.stands(client.held);
      if (event.type !== 'closed' || log.ending !== null) continue;
      const code = event.error?.code ?? 'ERR_NO_RESPONSE';
      if (code === 'ERR_NO_RESPONSE') log.ending = atEnd ? 'boundary' : 'last';
      else if (code === 'ERR_UNSOLICITED' && answers === methods.length) log.ending = 'surplus';
      else log.fail(code, event.error?.message ?? '');
    }
  };
  client.receive(bytes);
  pull(false);
  client.receiveEnd();
  pull(true);
  return log.reading();
}

class Log {
  readonly messages: Message[] = [];
  ending: Ending | null = null;
  readonly #size: number;
  #why = '';
  #at = 0;

  constructor(size: number) {
    this.#size = size;
  }

  reading(): Reading {
    return { messages: this.messages, ending: this.ending ?? 'boundary', why: this.#why, at: this.#at };
  }

  /** So many bytes are behind what has been given. */
  stands(held: number): void {
    this.#at = this.#size - held;
  }

  fail(code: string, why: string): void {
    this.ending ??= code === 'ERR_TRUNCATED' ? 'midst' : `refused ${code}`;
    this.#why = why;
  }

  add(event: ServerEvent | ClientEvent): void {
    const message = this.messages.at(-1);
    if (event.type === 'request') this.#begin(`${event.head.method} ${event.head.target}`, '', event.head);
    else if (event.type === 'response') this.#begin(String(event.head.status), event.head.reason, event.head);
    else if (event.type === 'informational')
      this.#begin(String(event.head.status), event.head.reason, event.head).complete = true;
    else if (event.type === 'error') this.fail(event.error.code, event.error.message);
    else if (event.type === 'eof') this.ending ??= 'boundary';
    else if (message === undefined) return;
    else if (event.type === 'data') message.body += textOf(event.bytes);
    else if (event.type === 'end') {
      message.complete = true;
      message.trailers = event.trailers?.raw ?? [];
    } else if (event.type === 'upgrade') {
      message.complete = true;
      message.fate = 'switch';
      this.ending = 'switch';
      this.stands(event.leftover.length);
    }
  }

  #begin(start: string, reason: string, { version, headers }: Head): Message {
    const message: Message = {
      ...{ start, version, reason, fields: headers.raw, body: '', trailers: [] },
      ...{ complete: false, fate: 'keep', at: this.#at },
    };
    this.messages.push(message);
    return message;
  }
}

/** The first protocol that is asked for, or the empty string. */
function upgradeIn(fields: readonly string[]): string {
  const values = fields.filter((_, i) => i % 2 === 1 && fields[i - 1]?.toLowerCase() === 'upgrade');
  const elements = values
    .join()
    .split(',')
    .map((each) => each.replace(/^[ \t]+|[ \t]+$/g, ''));
  return elements.find((each) => each !== '') ?? '';
}

function isDone(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
