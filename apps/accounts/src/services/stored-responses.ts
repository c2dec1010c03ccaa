import { requireOwnPath } from '@aisbf/access';
import type {
  FindResponse,
  ForgetResponse,
  ForgottenResponse,
  FoundResponse,
  KeepResponse,
} from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Identity } from './identity.js';
import { inRounds } from './in-rounds.js';

export class StoredResponseLimits {
  constructor(
    readonly ttlMs: number,
    /** Of one owner; beyond it the oldest are forgotten. */
    readonly countMax: number,
  ) {}
}

/** Where responses are kept that later requests may build on. They are encrypted: nobody can read them here. */
export abstract class StoredResponseStore {
  abstract find(ownerId: string, id: string): Promise<Uint8Array | undefined>;
  abstract keep(
    ownerId: string,
    id: string,
    sealed: Uint8Array,
    expiresAtMs: number,
  ): Promise<void>;
  /** Forgets all of an owner's but the newest so many. */
  abstract trim(ownerId: string, countMax: number): Promise<void>;
  /** Whether there was one. */
  abstract forget(ownerId: string, id: string): Promise<boolean>;
  /** Forgets up to so many whose time is over; gives how many it were. */
  abstract purge(limit: number): Promise<number>;
}

/** Responses forgotten in one statement. */
const purgedMax = 500;

type Asked = Pick<FindResponse, 'apiToken' | 'pathUsername' | 'clientAddress'>;

/** An owner's responses. What is whose is decided here; who can read it, by the API token that it was given to. */
@Injectable()
export class StoredResponses {
  constructor(
    private readonly store: StoredResponseStore,
    private readonly identity: Identity,
    private readonly clock: Clock,
    private readonly limits: StoredResponseLimits,
  ) {}

  async find(question: FindResponse): Promise<FoundResponse> {
    const sealed = await this.store.find(await this.ownerOf(question), question.id);
    return { response: sealed ? Buffer.from(sealed).toString('base64') : null };
  }

  async keep(request: KeepResponse): Promise<void> {
    const ownerId = await this.ownerOf(request);
    const { ttlMs, countMax } = this.limits;
    const sealed = Buffer.from(request.response, 'base64');
    await this.store.keep(ownerId, request.id, sealed, this.clock.nowMs() + ttlMs);
    await this.store.trim(ownerId, countMax);
  }

  async forget(request: ForgetResponse): Promise<ForgottenResponse> {
    return { isForgotten: await this.store.forget(await this.ownerOf(request), request.id) };
  }

  async purge(): Promise<void> {
    await inRounds(purgedMax, (limit) => this.store.purge(limit));
  }

  private async ownerOf({ apiToken, pathUsername, clientAddress }: Asked): Promise<string> {
    const principal = await this.identity.require(apiToken, 'inference', clientAddress);
    requireOwnPath(principal, pathUsername);
    return principal.ownerId;
  }
}
