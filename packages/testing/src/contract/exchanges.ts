// Cases: client and server on one pair, as they are meant to be used.

import type { Handler, IncomingResponse } from '@halfpipe/driver';
import { bytes } from '../octets.ts';
import { check, same } from './check.ts';
import { Arrival, Content, Source } from './content.ts';
import type { Case, Joined, Stage } from './stage.ts';

const mebi = 1024 * 1024;
const url = 'http://contract.example/';

/** Ends it in order, and waits until both sides know. */
async function end(stage: Stage, { connection, serving }: Joined): Promise<void> {
  connection.shutdown();
  await stage.waits.for('the server to be done', serving.done);
}

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

/** Says something at once, and the rest when it has read all. */
async function* acknowledged(body: AsyncIterable<Uint8Array>, arrival: Arrival): AsyncIterable<Uint8Array> {
  yield bytes('go on: ');
  for await (const piece of body) arrival.take(piece);
  yield bytes('thank you');
}

/** One answer for each way that a message can end. */
const answers: Handler = async (request) => {
  const sent = await request.body.text();
  switch (request.target) {
    case '/none':
      return;
    case '/length':
      return { body: `${request.method} ${sent}` };
    case '/trailers':
      return { body: pieces('in ', 'pieces'), trailers: () => [['Digest', sent]] };
    case '/early':
      request.inform(103, [['Link', '</style.css>']]);
      return { status: 404, headers: [['Content-Type', 'text/plain']], body: 'nowhere' };
    default:
      return { headers: [['Connection', 'close']], body: pieces('goodbye') };
  }
};

async function shown(response: IncomingResponse): Promise<unknown[]> {
  const text = await response.body.text();
  const trailers = await response.trailers;
  return [response.status, text, trailers?.get('digest') ?? null];
}

export function exchangeCases(size: number, exchanges: number): readonly Case[] {
  return [
    {
      name: 'exchanges of every framing, one behind the other',
      async run(stage) {
        const joined = await stage.joined(answers);
        const informed: number[] = [];
        const call = async (method: string, path: string, options = {}) => {
          const response = await stage.waits.for(
            `the response to ${method} ${path}`,
            joined.connection.call(method, `${url}${path}`, options),
          );
          return stage.waits.for(`the body of the response to ${method} ${path}`, shown(response));
        };
        same('the answers', await call('GET', 'none'), [204, '', null]);
        same('the answers', await call('POST', 'length', { body: 'hello' }), [200, 'POST hello', null]);
        same('the answers', await call('HEAD', 'length'), [200, '', null]);
        const body = pieces('a', 'b', 'c');
        same('the answers', await call('PUT', 'trailers', { body }), [200, 'in pieces', 'abc']);
        const onInformational = ({ status }: { status: number }) => informed.push(status);
        same('the answers', await call('GET', 'early', { onInformational }), [404, 'nowhere', null]);
        same('the interim responses', informed, [103]);
        const expectContinue = true;
        same('the answers', await call('PUT', 'length', { body: 'sir', expectContinue }), [200, 'PUT sir', null]);
        same('the answers', await call('GET', 'last'), [200, 'goodbye', null]);
        check(joined.connection.closed, 'Expected the connection to be closed behind the last answer');
        await end(stage, joined);
      },
    },
    {
      name: `${Math.round(size / mebi)} MiB to a handler and back, both ways at once`,
      async run(stage) {
        const content = new Content(41);
        const joined = await stage.joined((request) => ({ body: request.body }), { client: { persistent: true } });
        const body = new Source(content, size);
        const response = await stage.waits.for('the response', joined.connection.call('POST', url, { body }));
        const arrival = new Arrival(content);
        const read = async () => {
          for await (const bytes of response.body) arrival.take(bytes);
        };
        await stage.waits.for(() => `the body, behind ${arrival.size} bytes`, read());
        check(arrival.wrong === null, `Expected the body to come back: ${arrival.wrong}`);
        same('the size of what came back', arrival.size, size);
        await end(stage, joined);
      },
    },
    {
      name: `${exchanges.toLocaleString('en-US')} pipelined exchanges`,
      async run(stage) {
        const joined = await stage.joined(
          async ({ target, body }) => {
            const sent = await body.text();
            return { body: sent === '' ? target : pieces(target, ' ', sent) };
          },
          { client: { persistent: true } },
        );
        const calls = Array.from({ length: exchanges }, async (_, i) => {
          const options = i % 3 === 0 ? { body: 'with a body' } : {};
          const response = await joined.connection.call('PUT', `${url}${i}`, options);
          return response.body.text();
        });
        const texts = await stage.waits.for('the answers', Promise.all(calls));
        for (const [i, text] of texts.entries()) same('an answer', text, i % 3 === 0 ? `/${i} with a body` : `/${i}`);
        await end(stage, joined);
      },
    },
    earlyResponse('in order', async (stage) => {
      const source = new Source(new Content(42), 1024 * mebi);
      const joined = await stage.joined(() => ({ status: 413, body: 'too much' }), { client: { persistent: true } });
      const call = joined.connection.call('POST', url, { body: source });
      const response = await stage.waits.for('the response', call);
      same('the response', await stage.waits.for('its body', shown(response)), [413, 'too much', null]);
      await stage.waits.for('the server to be done', joined.serving.done);
      await stage.over();
      check(source.closed, 'Expected the source of the upload to be let go of');
      check(joined.connection.closed, 'Expected the connection to be closed');
    }),
    earlyResponse('which the server goes on to read', async (stage) => {
      const content = new Content(43);
      const arrival = new Arrival(content);
      const joined = await stage.joined(({ body }) => ({ body: acknowledged(body, arrival) }), {
        client: { persistent: true },
      });
      const body = new Source(content, 1024 * mebi);
      const response = await stage.waits.for('the response', joined.connection.call('POST', url, { body }));
      check(body.produced < body.size, 'Expected the response to come before the end of the upload');
      body.size = body.produced + 4 * mebi;
      same('the response', await stage.waits.for('its body', shown(response)), [200, 'go on: thank you', null]);
      same('what was read', [arrival.wrong, arrival.size], [null, body.produced]);
      await end(stage, joined);
    }),
  ];
}

function earlyResponse(what: string, run: Case['run']): Case {
  return { name: `an early response during an upload, ${what}`, run };
}
