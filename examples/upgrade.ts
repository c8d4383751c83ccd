// From HTTP to another protocol on the same connection (RFC 9110 §7.8), here to lines of text: the client asks, the server switches and
// speaks first. Its greeting comes with the 101 in one piece, and is the first thing that the client's transport brings.

import { connect, type IncomingRequest, listen, type Reply, type Transport } from '@halfpipe/node';

/** The other protocol. It ends when both sides have hung up. Lines are short, so nothing waits for `writable()`. */
class Lines {
  readonly over: Promise<void>;
  readonly #transport: Transport;
  #ended = false;

  // What came behind the 101 is heard at once, before the constructor returns.
  constructor(transport: Transport, hear: (line: string, lines: Lines) => void) {
    this.#transport = transport;
    const decoder = new TextDecoder();
    let rest = '';
    this.over = new Promise((resolve) => {
      transport.start({
        bytes: (bytes) => {
          const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) hear(line, this);
        },
        writable: () => {},
        end: () => this.hangUp(),
        closed: () => resolve(),
      });
    });
  }

  say(line: string): void {
    this.#transport.write(new TextEncoder().encode(`${line}\n`));
  }

  hangUp(): void {
    if (!this.#ended) this.#transport.end();
    this.#ended = true;
  }
}

function parrot(request: IncomingRequest): Reply | undefined {
  if (request.headers.get('Upgrade') !== 'parrot') return { status: 426, headers: [['Upgrade', 'parrot']] };
  // Answers 101; the handler then returns nothing.
  const listening = new Lines(request.upgrade(), (line, lines) => {
    lines.say(`${line.toUpperCase()}!`);
    if (line === 'bye') lines.hangUp();
  });
  listening.say('A parrot is listening');
  return undefined;
}

const listener = await listen(parrot);
const connection = await connect(listener.address);
const sayings = ['Pretty Polly', 'Who is there?', 'bye'];

const headers = [['Connection', 'Upgrade'] as const, ['Upgrade', 'parrot'] as const];
const { status, upgrade } = await connection.call('GET', 'http://parrot.example/', { headers });
if (upgrade === null) throw new Error(`The server did not switch: ${status}`);
console.log(`server: ${status}, HTTP is over: ${connection.closed}`);

const conversation = new Lines(upgrade, (line, lines) => {
  console.log(`server: ${line}`);
  const saying = sayings.shift();
  if (saying === undefined) return;
  console.log(`client: ${saying}`);
  lines.say(saying);
});
await conversation.over;
console.log('Both have hung up');
await listener.shutdown();
