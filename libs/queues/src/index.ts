export {
  queueConnection,
  type Repeated,
  SharedQueue,
  type SharedQueueOptions,
} from './shared-queue.js';
export { type QueueJob, SharedWorker, type SharedWorkerOptions } from './shared-worker.js';
