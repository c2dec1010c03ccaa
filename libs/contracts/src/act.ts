import { z } from 'zod';
import { ClientAddress, Id, TimeMs } from './field.js';

const Fact = z.union([z.string().max(1_024), z.number(), z.boolean(), z.null()]);

/**
 * A privileged act that another service has done and written down, for the one record that people read. The same id
 * again is the same act. Never holds a secret.
 */
export const RecordAct = z.strictObject({
  type: z.literal('record-act'),
  id: Id,
  doneAtMs: TimeMs,
  /** Whose matter it is. */
  ownerId: Id,
  actorUser: Id,
  actorToken: Id.nullable(),
  address: ClientAddress.nullable(),
  /** `noun.verb` */
  action: z.string().regex(/^[a-z-]{1,32}\.[a-z-]{1,32}$/),
  subject: z.string().min(1).max(512),
  detail: z.record(z.string().max(64), z.union([Fact, z.array(z.string().max(1_024)).max(1_024)])),
});
export type RecordAct = z.infer<typeof RecordAct>;
