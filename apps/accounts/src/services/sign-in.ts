import type { AccessKeys, Role } from '@aisbf/contracts';

/** The library that knows passwords, sessions, codes and their cookies. */
export abstract class SignIn {
  /** Answers one call; what it refuses is an answer too. */
  abstract handle(request: Request): Promise<Response>;
  abstract accessKeys(): Promise<AccessKeys>;
  /** Mails a link to choose a password with, if there is such a user. */
  abstract sendPasswordLink(email: string): Promise<void>;
}

/** A session that has not ended, of a user who is not disabled. */
export type LiveSession = Readonly<{
  sessionId: string;
  userId: string;
  ownerId: string;
  /** As owners are called: that of the operators is `global`. */
  username: string;
  role: Role;
  expiresAt: Date;
  /** The revision of changes of access at which all of this was true. */
  revision: number;
}>;

export abstract class Sessions {
  abstract find(sessionId: string): Promise<LiveSession | undefined>;
}

/** Attempts by what they are made at, counted for all replicas together. */
export abstract class AttemptLimits {
  /** Takes one of so many in a window; gives 0, or how long to wait for the next. */
  abstract take(key: string, max: number, windowMs: number): Promise<number>;
}

/** Names that nobody else can get. */
export abstract class Usernames {
  /** False where the name is taken. */
  abstract claim(username: string): Promise<boolean>;
  abstract release(username: string): Promise<void>;
}
