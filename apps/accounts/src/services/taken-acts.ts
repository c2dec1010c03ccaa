import type { RecordAct } from '@aisbf/contracts';

/** Acts of other services, in the record that people read. */
export abstract class TakenActs {
  /** Resolves when the act is in the record; there it is once, however often it is told. */
  abstract take(act: RecordAct): Promise<void>;
}
