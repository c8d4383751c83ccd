// Cases: the other side ends, in each state that an exchange can be in. What is whole counts, what is not says so.

import { RetryError } from '@halfpipe/driver';
import { check, same } from './check.ts';
import type { Case } from './stage.ts';

const url = 'http://contract.example/';

/** What the server has said when it ends, and what becomes of the call: its text, or `why` and the code of the cause. */
const responses: readonly (readonly [state: string, said: string, outcome: string])[] = [
  ['before the response', '', 'unanswered: ERR_NO_RESPONSE'],
  ['within the head', 'HTTP/1.1 200 OK\r\nContent-Le', 'partial-response: ERR_TRUNCATED'],
  [
    'within a body of known length',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf',
    'partial-response: ERR_TRUNCATED',
  ],
  [
    'within a chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf',
    'partial-response: ERR_TRUNCATED',
  ],
  [
    'between chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'partial-response: ERR_TRUNCATED',
  ],
  [
    'within the trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nDig',
    'partial-response: ERR_TRUNCATED',
  ],
  ['behind an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'partial-response: ERR_NO_RESPONSE'],
  ['where its end is that of the body', 'HTTP/1.1 200 OK\r\n\r\nwhole', 'whole'],
  ['behind the response', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole', 'whole'],
];

/** What the client has said when it ends; what is answered, as statuses; and what `onError` is told. */
const requests: readonly (readonly [state: string, said: string, statuses: string, told: string])[] = [
  ['before a request', '', '', ''],
  ['within the head', 'GET / HTTP/1.1\r\nHo', '400', 'ERR_TRUNCATED'],
  [
    'within a body of known length',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf',
    '400',
    'ERR_TRUNCATED',
  ],
  [
    'within a chunk',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf',
    '400',
    'ERR_TRUNCATED',
  ],
  [
    'within the trailers',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nDi',
    '400',
    'ERR_TRUNCATED',
  ],
  ['behind a request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', '200', ''],
  ['behind two', 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n', '200 200', ''],
  ['within the head behind a request', 'GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET', '200 400', 'ERR_TRUNCATED'],
];

export const eofCases: readonly Case[] = [
  ...responses.map(
    ([state, said, outcome]): Case => ({
      name: `the server ends ${state}`,
      async run(stage) {
        const [nearTransport, farTransport] = await stage.transports();
        const far = stage.end('far', farTransport).start();
        const connection = stage.client(nearTransport);
        const call = connection.call('GET', url).then((response) => response.body.text());
        const settled = call.then(
          (text) => text,
          (error) => reasonOf(error),
        );
        await far.untilText('\r\n\r\n');
        far.write(said);
        far.finish();
        same('the outcome', await stage.waits.for('the outcome of the call', settled), outcome);
        connection.shutdown();
        await far.leave();
      },
    }),
  ),
  ...requests.map(
    ([state, said, statuses, told]): Case => ({
      name: `the client ends ${state}`,
      async run(stage) {
        const [nearTransport, farTransport] = await stage.transports();
        const near = stage.end('near', nearTransport).start();
        const errors: string[] = [];
        const serving = stage.server(farTransport, async ({ body }) => ({ body: await body.text() }), {
          onError: (error) => errors.push(String((error as { code?: unknown }).code)),
        });
        near.write(said);
        near.finish();
        await Promise.all([near.leave(), stage.waits.for('the server to be done', serving.done)]);
        same('what was told', errors.join(' '), told);
        // Without a half-close nobody is there to get the answer.
        if (stage.can('half-close')) same('what was answered', statusesOf(near.text), statuses);
      },
    }),
  ),
];

/** The statuses of responses, in their order. */
export function statusesOf(text: string): string {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status).join(' ');
}

/** Why there is no answer, and what is behind it. */
export function reasonOf(error: unknown): string {
  check(error instanceof RetryError, `Expected a RetryError, got ${String(error)}`);
  const { cause } = error as { cause?: { code?: unknown } };
  return cause === undefined ? error.why : `${error.why}: ${String(cause.code)}`;
}
