export { queueConnection, SharedQueue, type SharedQueueOptions } from './shared-queue.js';
export { SharedWorker, type SharedWorkerOptions } from './shared-worker.js';
