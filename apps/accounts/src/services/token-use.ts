import { Injectable } from '@nestjs/common';
import { ApiTokenStore } from './api-token-store.js';

/** When API tokens were last used: gathered as it happens, written now and then. */
@Injectable()
export class TokenUse {
  private usedAt = new Map<string, Date>();

  constructor(private readonly store: ApiTokenStore) {}

  note(apiTokenId: string, atMs: number): void {
    const known = this.usedAt.get(apiTokenId)?.getTime() ?? 0;
    if (atMs > known) this.usedAt.set(apiTokenId, new Date(atMs));
  }

  /** What could not be written is lost: it is a hint for people, and the next use mends it. */
  async flush(): Promise<void> {
    if (this.usedAt.size === 0) return;
    const gathered = this.usedAt;
    this.usedAt = new Map();
    await this.store.noteUse(gathered);
  }
}
