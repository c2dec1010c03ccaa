import {
  type AccessKeys,
  accessTokenAudience,
  accessTokenIssuer,
  Id,
  Name,
  type Principal,
  Role,
} from '@aisbf/contracts';
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { z } from 'zod';
import { accessFaults } from './access-faults.js';

/** What the access token of a session says. */
const Claims = z.object({
  sub: Id,
  sid: Id,
  owner: Id,
  name: Name,
  role: Role,
  /** The revision of all changes of access at which the rest was true. */
  rev: z.int().min(0),
  exp: z.int().min(0),
});

export type AccessToken = Readonly<{ principal: Principal; revision: number }>;

/** A key that was not known a moment ago is worth looking for; a made-up name of one is not, each time. */
const refetchMsMin = 1_000;
/** Clocks of our own machines differ by less. */
const clockToleranceS = 5;

/** Whether this may be an access token; whether it is a good one, its signature says. */
export function isAccessToken(text: string): boolean {
  return /^ey[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** Reads the access tokens of sessions by themselves, with keys that are fetched when they are first met. */
export class AccessTokens {
  private keys: ReturnType<typeof createLocalJWKSet> | undefined;
  private fetchedAtMs = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | undefined;

  constructor(
    private readonly fetchKeys: () => Promise<AccessKeys>,
    private readonly nowMs: () => number,
  ) {}

  /** Refuses what is not signed by accounts, for us, and good at this moment. */
  async read(text: string): Promise<AccessToken> {
    if (!this.keys) await this.fetch();
    try {
      return await this.verify(text);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw invalid(error);
    }
    if (this.nowMs() - this.fetchedAtMs >= refetchMsMin) await this.fetch();
    try {
      return await this.verify(text);
    } catch (error) {
      throw invalid(error);
    }
  }

  private async verify(text: string): Promise<AccessToken> {
    if (!this.keys) throw new errors.JWKSNoMatchingKey();
    const { payload } = await jwtVerify(text, this.keys, {
      algorithms: ['EdDSA'],
      issuer: accessTokenIssuer,
      audience: accessTokenAudience,
      clockTolerance: clockToleranceS,
      currentDate: new Date(this.nowMs()),
    });
    const { sub, sid, owner, name, role, rev, exp } = Claims.parse(payload);
    return {
      revision: rev,
      principal: {
        userId: sub,
        ownerId: owner,
        username: name,
        role,
        scopes: ['manage', 'usage'],
        apiTokenId: null,
        sessionId: sid,
        limits: null,
        rules: null,
        expiresAtMs: exp * 1_000,
      },
    };
  }

  private fetch(): Promise<void> {
    this.fetching ??= this.fetchKeys()
      .then((keys) => {
        this.keys = createLocalJWKSet(keys as JSONWebKeySet);
        this.fetchedAtMs = this.nowMs();
      })
      .finally(() => {
        this.fetching = undefined;
      });
    return this.fetching;
  }
}

/** Whatever is wrong with it, the caller is told the same. */
function invalid(error: unknown): unknown {
  const isRefusal = error instanceof errors.JOSEError || error instanceof z.ZodError;
  return isRefusal ? accessFaults.API_TOKEN_INVALID({}, { cause: error }) : error;
}
