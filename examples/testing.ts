// The test of a client that tries again, with no port and no waiting: what the servers do is a script, and time is a clock that jumps. The
// first connection breaks behind the request, the second never answers, the third does. Any test runner can run it; here it is plain code.

import { Connection, type Open, RetryError, type Timers } from '@halfpipe/driver';
import { Clock, ScriptedPeer } from '@halfpipe/testing';

/** What is tested: gets a text, on up to three connections, as far as it is allowed to ask again, and waits a minute for each. */
async function get(url: string, open: Open, timers: Timers): Promise<string> {
  for (let left = 3; ; left--) {
    await using connection = Connection.create(open, { timers, timeouts: { head: 60_000 } });
    try {
      const response = await connection.call('GET', url);
      return await response.body.text();
    } catch (error) {
      if (!(error instanceof RetryError) || error.retry === 'never' || left === 1) throw error;
      console.log(`${error.why}: ${error.cause}`);
    }
  }
}

const clock = new Clock({ start: 0 });
const request = { start: 'GET /news', headers: { Host: 'example.com', Connection: null } };
const peer = new ScriptedPeer({ clock })
  .expectHead(request)
  .reset()
  .accept()
  .expectHead(request)
  .expectReset()
  .accept()
  .expectHead(request)
  .send('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nNo bad news.', { chunking: 'bytes' });

console.log(await clock.promised(get('http://example.com/news', peer.open, clock)));
await clock.promised(peer.done); // all of it was as the script says
console.log(`The clock says: ${clock.now() / 1000} s`);
