// What loads the servers: raw sockets, in a process of their own.

import { answer } from '../harness/answer.ts';
import { type Loaded, Loading, sizeOfResponse } from '../harness/loading.ts';
import { bytesOf, type Load, requests } from './works.ts';

/** To connect; then to ask for so long, until all is answered; then to let go. */
export type Task = { readonly open: Load & { readonly port: number } } | { readonly milliseconds: number } | 'close';

let loading: Loading | null = null;

answer(async (task: Task): Promise<Loaded | null> => {
  if (task === 'close') {
    await loading?.close();
    loading = null;
    return null;
  }
  if ('milliseconds' in task) return (await loading?.run(task.milliseconds)) ?? null;
  const { port, request, ...load } = task.open;
  const bytes = bytesOf(requests[request]);
  const size = await sizeOfResponse(port, bytes, requests[request].answer);
  loading = new Loading({ ...load, port, request: bytes, size });
  return null;
});
