import { internalPaths, type RecordAct } from '@aisbf/contracts';
import { InternalClient } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ActRecord } from '../services/act-relay.js';

/** The record of accounts, over kept connections. */
@Injectable()
export class HttpActRecord extends ActRecord {
  constructor(private readonly client: InternalClient) {
    super();
  }

  async tell(act: RecordAct): Promise<void> {
    await this.client.post(internalPaths.accountsRecordAct, act, z.object({}));
  }
}
