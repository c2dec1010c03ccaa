import type { AccessRenewed } from '@aisbf/contracts';

/** What must be forgotten after a change. */
export type Forgotten = readonly string[] | 'everything';

/**
 * What one process knows of changes of access: all of those after `floor`, up to the revision that it
 * serves. What came before, it has to ask about.
 */
export class AccessKnowledge {
  /** Each subject's last change, the longest unchanged first. */
  private readonly changedAt = new Map<string, number>();
  private floor = Number.POSITIVE_INFINITY;
  private served: number | null = null;

  /** As many changes are remembered; for whatever is older than the oldest of them, accounts is asked. */
  constructor(private readonly changesMax: number) {}

  /** Null before anything was heard. */
  get revision(): number | null {
    return this.served;
  }

  learn({ revision, changes, isComplete }: AccessRenewed): Forgotten {
    if (this.served === null || !isComplete || revision < this.served) {
      // A revision that goes back is a database from a backup: what was known of it no longer counts.
      this.floor = Math.max(revision, this.served ?? 0);
      this.served = revision;
      this.changedAt.clear();
      return 'everything';
    }
    for (const change of changes) this.note(change.subject, change.revision);
    this.served = revision;
    return changes.map(({ subject }) => subject);
  }

  /** Whether what was true of these subjects at a revision is known to be true still. */
  isUnchangedSince(revision: number, subjects: readonly string[]): boolean {
    return (
      revision >= this.floor &&
      subjects.every((subject) => (this.changedAt.get(subject) ?? 0) <= revision)
    );
  }

  private note(subject: string, revision: number): void {
    this.changedAt.delete(subject);
    this.changedAt.set(subject, revision);
    if (this.changedAt.size <= this.changesMax) return;
    const [oldest] = this.changedAt;
    if (!oldest) return;
    this.changedAt.delete(oldest[0]);
    this.floor = Math.max(this.floor, oldest[1]);
  }
}
