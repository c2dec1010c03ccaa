import { Injectable } from '@nestjs/common';

/** How many requests are in flight whose buyers wait. Those of batches give way to them. */
@Injectable()
export class RunningRequests {
  count = 0;
}
