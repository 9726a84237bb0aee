/** Entry of the worker threads that extract layers, one after the other; `layer-threads.ts` starts them. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { systemFileSystem } from '../files/file-system.ts';
import { extractLayer } from './extract-layer.ts';
import { type LayerAnswer, type LayerOrder, type LayerTask, packError } from './layer-messages.ts';

if (parentPort !== null) work(parentPort);

function work(port: MessagePort): void {
  let current = 0;
  let grown = (_available: number): void => {};
  port.on('message', (order: LayerOrder) => {
    if ('task' in order) {
      current = order.layer;
      grown = extract(port, order.task);
      // What is said late about a layer that is done is not about the next one.
    } else if (order.layer === current) grown(order.available);
  });
}

/** Starts on a layer; gives what is to be called when more of it can be read. */
function extract(port: MessagePort, task: LayerTask): (available: number) => void {
  const answer = (message: LayerAnswer): void => port.postMessage(message);
  let available = task.available;
  let wake = (): void => {};
  const growth = {
    get available() {
      return available;
    },
    more: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
  };
  let reported = 0;
  const report = (done: number): void => {
    if (done - reported < task.reportEvery && done !== task.job.layer.size) return;
    reported = done;
    answer({ type: 'progress', done });
  };
  extractLayer(task.job, growth, systemFileSystem, { limits: task.limits }, report).then(
    (listing) => answer({ type: 'done', listing }),
    (error: unknown) => answer({ type: 'failed', error: packError(error) }),
  );
  return (now) => {
    available = now;
    wake();
  };
}
