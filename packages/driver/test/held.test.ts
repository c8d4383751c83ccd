// What a connection that is over still holds: nothing, whoever its callbacks belong to.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Connection, type IncomingResponse } from '@halfpipe/driver';
import { openTo } from '@halfpipe/testing';

async function collected(reference: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let turn = 0; turn < 20 && reference.deref() !== undefined; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return reference.deref() === undefined;
}

/** Keeps what it was answered, and listens to the connection that brought it. */
class User {
  response: IncomingResponse | null = null;
  wasClosed = false;

  async ask(): Promise<void> {
    const connection = Connection.create(
      openTo(() => ({ body: 'hello' })),
      {
        onClosed: () => {
          this.wasClosed = true;
        },
      },
    );
    this.response = await connection.call('GET', 'http://a.example/');
    await this.response.body.text();
    await connection[Symbol.asyncDispose]();
  }
}

test('a connection that is over is collected, with a user of its callbacks who keeps a response', async () => {
  const ask = async () => {
    const user = new User();
    await user.ask();
    expect(user.wasClosed).toBe(true);
    return new WeakRef(user);
  };
  expect(await collected(await ask())).toBe(true);
});
