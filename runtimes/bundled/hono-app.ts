// A Hono app by fromFetch(), on whichever runtime this is: over Deno's own connections there, over `node:net` elsewhere. Prints its port, and
// serves until it is killed. Bundled, so that every runtime runs the same.

import { listen as listenOnDeno } from '@halfpipe/deno';
import { listen as listenOnNode } from '@halfpipe/node';
import { fromFetch } from '@halfpipe/web-streams';
import { Hono } from 'hono';

const app = new Hono();
app.get('/hello/:name', (c) => c.text(`Hello ${c.req.param('name')}\n`, 200, { 'X-Server': 'halfpipe' }));
app.post('/size', async (c) => c.json({ size: (await c.req.arrayBuffer()).byteLength }));
app.get('/nothing', (c) => c.body(null, 204));

const handler = fromFetch(app.fetch);
const { address } = await ('Deno' in globalThis ? listenOnDeno(handler) : listenOnNode(handler));
console.log('port' in address ? address.port : 'none');
