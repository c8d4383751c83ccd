// Cases: a connection that becomes something else. What came behind the switch is there, first and once (RFC 9110 §7.8, §9.3.6).

import type { Transport } from '@halfpipe/driver';
import { check, same } from './check.ts';
import { Content } from './content.ts';
import type { Case, Stage } from './stage.ts';

const mebi = 1024 * 1024;
const url = 'http://contract.example/';
const ask = { headers: [['Connection', 'Upgrade'] as const, ['Upgrade', 'parrot'] as const] };
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\n';

export const upgradeCases: readonly Case[] = [
  {
    name: 'an upgrade: what came with the request is the first that the handler gets',
    async run(stage) {
      const [nearTransport, farTransport] = await stage.transports();
      const near = stage.end('near', nearTransport).start();
      let upgraded: Transport | null = null;
      const serving = stage.server(farTransport, (request) => {
        upgraded = request.upgrade();
      });
      near.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\nleft');
      near.write('over');
      await near.untilText('\r\n\r\n');
      check(near.text.startsWith('HTTP/1.1 101 '), `Expected a 101, got ${JSON.stringify(near.text)}`);
      const far = stage.end('the upgraded far', given(upgraded)).start();
      near.write(', and more');
      await far.untilText('leftover, and more');
      far.write('thanks');
      await near.untilText('thanks');
      near.finish();
      await Promise.all([near.leave(), far.leave(), stage.waits.for('the server to be done', serving.done)]);
      same('what came', far.text, 'leftover, and more');
    },
  },
  {
    name: 'an upgrade: what came with the response is the first that the client gets',
    async run(stage) {
      const [nearTransport, farTransport] = await stage.transports();
      const far = stage.end('far', farTransport).start();
      const connection = stage.client(nearTransport);
      const call = connection.call('GET', url, ask);
      await far.untilText('\r\n\r\n');
      far.write(`${switching}left`);
      far.write('over');
      const { status, upgrade } = await stage.waits.for('the response', call);
      same('the status', status, 101);
      const near = stage.end('the upgraded near', given(upgrade)).start();
      far.write(', and more');
      await near.untilText('leftover, and more');
      near.write('thanks');
      await far.untilText('thanks');
      far.finish();
      await Promise.all([near.leave(), far.leave()]);
      same('what came', near.text, 'leftover, and more');
    },
  },
  ...(['an upgrade', 'a tunnel'] as const).map(
    (what): Case => ({
      name: `${what} from both roles carries bytes both ways`,
      run: (stage) => both(stage, what === 'an upgrade' ? ['GET', url] : ['CONNECT', 'contract.example:443']),
    }),
  ),
];

async function both(stage: Stage, [method, target]: readonly [string, string]): Promise<void> {
  const [there, back] = [new Content(51), new Content(52)];
  let upgraded: Transport | null = null;
  const { connection, serving } = await stage.joined((request) => {
    upgraded = request.upgrade();
  });
  const { status, upgrade } = await stage.waits.for(
    'the response',
    connection.call(method, target, method === 'GET' ? ask : {}),
  );
  same('the status', status, method === 'GET' ? 101 : 200);
  const near = stage.end('the upgraded near', given(upgrade), { sends: there, expects: back }).start();
  const far = stage.end('the upgraded far', given(upgraded), { sends: back, expects: there }).start();
  const size = 4 * mebi;
  await Promise.all([near.send(size), far.send(size), near.untilReceived(size), far.untilReceived(size)]);
  near.finish();
  await Promise.all([near.leave(), far.leave(), stage.waits.for('the server to be done', serving.done)]);
}

function given(transport: Transport | null): Transport {
  check(transport !== null, 'Expected an upgraded transport');
  return transport;
}
