// Cases: what the other side gets wrong is the same error, with the same code and status, over every transport.

import type { ClientOptions, ServerOptions } from '@halfpipe/core';
import { check, same } from './check.ts';
import { reasonOf, statusesOf } from './eofs.ts';
import type { Case } from './stage.ts';

const url = 'http://contract.example/';
const host = 'Host: x\r\n';

interface BadRequest {
  readonly what: string;
  readonly said: readonly string[];
  readonly status: number;
  readonly code: string;
  readonly options?: ServerOptions;
}

const badRequests: readonly BadRequest[] = [
  { what: 'no HTTP at all', said: ['HELO example.com\r\n\r\n'], status: 400, code: 'ERR_START_LINE' },
  { what: 'a binary greeting', said: ['\x16\x03\x01\x02\x00\x01\x00'], status: 400, code: 'ERR_START_LINE' },
  { what: 'a space in a field name', said: ['GET / HTTP/1.1\r\nHost : x\r\n\r\n'], status: 400, code: 'ERR_HEADER' },
  { what: 'no Host', said: ['GET / HTTP/1.1\r\n\r\n'], status: 400, code: 'ERR_HEADER' },
  {
    what: 'two ways to frame the body',
    said: [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`],
    status: 400,
    code: 'ERR_FRAMING',
  },
  {
    what: 'two lengths',
    said: [`POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`],
    status: 400,
    code: 'ERR_FRAMING',
  },
  {
    what: 'an unknown coding',
    said: [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    status: 501,
    code: 'ERR_CODING',
  },
  { what: 'a version of the future', said: [`GET / HTTP/2.0\r\n${host}\r\n`], status: 505, code: 'ERR_VERSION' },
  {
    what: 'a head that is too large',
    said: [`GET / HTTP/1.1\r\n${host}`, `X: ${'x'.repeat(20_000)}\r\n\r\n`],
    status: 431,
    code: 'ERR_HEAD_SIZE',
  },
  {
    what: 'too many fields',
    said: [`GET / HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(101)}\r\n`],
    status: 431,
    code: 'ERR_HEAD_SIZE',
  },
  {
    what: 'a head that does not come to its end',
    said: ['GET / HTTP/1.1\r\nHos'],
    status: 408,
    code: 'ERR_TIMEOUT',
    options: { timeouts: { head: 50 } },
  },
  {
    what: 'a body that does not come to its end',
    said: [`POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nhalf`],
    status: 408,
    code: 'ERR_TIMEOUT',
    options: { timeouts: { body: 50 } },
  },
  {
    what: 'a chunk that is none',
    said: [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, '5\r\nhello\r\n', 'zz\r\n'],
    status: 400,
    code: 'ERR_CHUNK',
  },
  {
    what: 'a body that is too large',
    said: [`POST / HTTP/1.1\r\n${host}Content-Length: 11\r\n\r\nhello world`],
    status: 413,
    code: 'ERR_BODY_SIZE',
    options: { limits: { bodySize: 10 } },
  },
];

interface BadResponse {
  readonly what: string;
  readonly said: string;
  readonly outcome: string;
  readonly options?: ClientOptions;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const badResponses: readonly BadResponse[] = [
  { what: 'no HTTP at all', said: '220 smtp.example.com ready\r\n\r\n', outcome: 'partial-response: ERR_START_LINE' },
  { what: 'a space in a field name', said: `${ok}Server : x\r\n\r\n`, outcome: 'partial-response: ERR_HEADER' },
  {
    what: 'two ways to frame the body',
    said: `${ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    outcome: 'partial-response: ERR_FRAMING',
  },
  {
    what: 'an unknown coding',
    said: `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    outcome: 'partial-response: ERR_CODING',
  },
  {
    what: 'a head that is too large',
    said: `${ok}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    outcome: 'partial-response: ERR_HEAD_SIZE',
  },
  {
    what: 'a chunk that is none',
    said: `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`,
    outcome: 'partial-response: ERR_CHUNK',
  },
  {
    what: 'a response that does not begin',
    said: '',
    outcome: 'unanswered: ERR_TIMEOUT',
    options: { timeouts: { head: 50 } },
  },
  {
    what: 'a switch that nobody asked for',
    said: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    outcome: 'partial-response: ERR_UNSOLICITED',
  },
];

export const badInputCases: readonly Case[] = [
  ...badRequests.map(
    ({ what, said, status, code, options = {} }): Case => ({
      name: `bad input to a server, ${what}: ${status} ${code}`,
      async run(stage) {
        const [nearTransport, farTransport] = await stage.transports();
        const near = stage.end('near', nearTransport).start();
        const told: string[] = [];
        const serving = stage.server(farTransport, async ({ body }) => ({ body: await body.text() }), {
          ...options,
          onError: (error) => told.push(String((error as { code?: unknown }).code)),
        });
        for (const part of said) near.write(part);
        await near.untilEnded();
        same('the answer', statusesOf(near.text), `${status}`);
        check(/^Connection: close\r$/m.test(near.text), 'Expected the answer to say that the connection closes');
        same('what was told', told, [code]);
        await Promise.all([near.leave(), stage.waits.for('the server to be done', serving.done)]);
      },
    }),
  ),
  {
    name: 'bad input to a server behind good one: what was good is answered first',
    async run(stage) {
      const [nearTransport, farTransport] = await stage.transports();
      const near = stage.end('near', nearTransport).start();
      const serving = stage.server(farTransport, async ({ target }) => ({ body: target }));
      near.write(`GET /good HTTP/1.1\r\n${host}\r\nbad\r\n\r\n`);
      await near.untilEnded();
      same('the answers', statusesOf(near.text), '200 400');
      await Promise.all([near.leave(), stage.waits.for('the server to be done', serving.done)]);
    },
  },
  ...badResponses.map(
    ({ what, said, outcome, options = {} }): Case => ({
      name: `bad input to a client, ${what}: ${outcome.replace(/.*: /, '')}`,
      async run(stage) {
        const [nearTransport, farTransport] = await stage.transports();
        const far = stage.end('far', farTransport).start();
        const connection = stage.client(nearTransport, options);
        const settled = connection
          .call('GET', url)
          .then((response) => response.body.text())
          .catch((error) => reasonOf(error));
        await far.untilText('\r\n\r\n');
        if (said !== '') far.write(said);
        same('the outcome', await stage.waits.for('the outcome of the call', settled), outcome);
        check(connection.closed, 'Expected the connection to be closed');
        await far.leave();
      },
    }),
  ),
];
