/** Where it is known, for all replicas, when old files are looked for next. */
export abstract class FileClock {
  /** Sees to it that it goes on; a clock that has lost everything begins anew. */
  abstract ensure(): Promise<void>;
}
