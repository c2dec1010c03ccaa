import { Injectable } from '@nestjs/common';
import { BatchQueue } from '../services/batch-store.js';

/** Without Redis: gateways that have one find the batches by themselves. */
@Injectable()
export class NoBatchQueue extends BatchQueue {
  async add(): Promise<void> {}
}
