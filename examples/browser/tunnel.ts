// A page that speaks HTTP/1.1 itself, to a TCP server, through a WebSocket that carries its bytes. It sees what fetch does not show: the
// order and the case of the fields, interim responses, trailers.

import { connect, webSocket } from '@halfpipe/web-streams';
import { show } from './show.ts';

const address = new URL('/tunnel', location.href.replace(/^http/, 'ws'));
const connection = await connect(() => webSocket(new WebSocket(address)), { persistent: true });

const calls = ['/first', '/second', '/third'].map((path) =>
  connection.call('GET', `http://tcp.example${path}`, {
    headers: [['Cookie', 'is=ours to send']],
    onInformational: ({ status, reason }) => show(`${path}: ${status} ${reason}`),
  }),
);
for (const call of calls) {
  const response = await call;
  show(`${response.status} ${response.reason} ${JSON.stringify(response.headers.raw)}`);
  show(`  ${await response.body.text()}`);
  for (const [name, value] of (await response.trailers) ?? []) show(`  trailer ${name}: ${value}`);
}
connection.close();
show('Closed');
