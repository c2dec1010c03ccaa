import { Log } from '@aisbf/platform';
import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { AccessUpkeep, UpkeepSettings } from './inbound/access-upkeep.js';
import { AuthRoutesDoor, PublicUrl } from './inbound/auth-routes.js';
import { Pool } from './outbound/accounts-database.js';
import { BetterAuthSignIn } from './outbound/better-auth-sign-in.js';
import { mailerOf } from './outbound/mailers.js';
import { NatsAccessAnnouncer } from './outbound/nats-access-announcer.js';
import { PgAccessStore } from './outbound/pg-access-store.js';
import { PgApiTokenReader } from './outbound/pg-api-token-reader.js';
import { PgAttemptLimits, PgSessions, PgUsernames } from './outbound/pg-sign-in-stores.js';
import { PrismaApiTokenStore } from './outbound/prisma-api-token-store.js';
import { PrismaAuditStore } from './outbound/prisma-audit-store.js';
import { PrismaDirectory } from './outbound/prisma-directory.js';
import { PrismaTakenActs } from './outbound/prisma-taken-acts.js';
import { ApiTokenReader, ApiTokenStore } from './services/api-token-store.js';
import { ApiTokens, DefaultTokenLimits } from './services/api-tokens.js';
import { AuditLog, AuditStore } from './services/audit-log.js';
import { Authentication, AuthenticationSettings } from './services/authentication.js';
import { Directory } from './services/directory.js';
import { Identity } from './services/identity.js';
import { Invitations } from './services/invitations.js';
import { Mailer } from './services/mailer.js';
import {
  AccessAnnouncer,
  AccessStore,
  RevocationSettings,
  Revocations,
} from './services/revocations.js';
import { AttemptLimits, Sessions, SignIn, Usernames } from './services/sign-in.js';
import { TakenActs } from './services/taken-acts.js';
import { TokenUse } from './services/token-use.js';
import { Users } from './services/users.js';

/** Who may come in, and how that ends. */
export function identityParts(settings: AccountsSettings): Provider[] {
  return [
    Identity,
    Users,
    ApiTokens,
    TokenUse,
    Authentication,
    Invitations,
    Revocations,
    AuditLog,
    AuthRoutesDoor,
    AccessUpkeep,
    { provide: ApiTokenReader, useClass: PgApiTokenReader },
    { provide: ApiTokenStore, useClass: PrismaApiTokenStore },
    { provide: Directory, useClass: PrismaDirectory },
    { provide: AuditStore, useClass: PrismaAuditStore },
    { provide: TakenActs, useClass: PrismaTakenActs },
    { provide: AccessStore, useClass: PgAccessStore },
    { provide: AccessAnnouncer, useClass: NatsAccessAnnouncer },
    { provide: Sessions, useClass: PgSessions },
    { provide: AttemptLimits, useClass: PgAttemptLimits },
    { provide: Usernames, useClass: PgUsernames },
    {
      provide: Mailer,
      useFactory: () =>
        mailerOf({
          smtpUrl: settings.ACCOUNTS_SMTP_URL,
          folder: settings.ACCOUNTS_MAIL_FOLDER,
          from: settings.ACCOUNTS_MAIL_FROM,
        }),
    },
    {
      provide: SignIn,
      inject: [Pool, Sessions, Mailer, AuditStore, Log],
      useFactory: (pool: Pool, sessions: Sessions, mailer: Mailer, audit: AuditStore, log: Log) =>
        new BetterAuthSignIn({ pool, sessions, mailer, audit, log }, signInSettings(settings)),
    },
    { provide: DefaultTokenLimits, useValue: new DefaultTokenLimits(defaultLimits(settings)) },
    { provide: PublicUrl, useValue: new PublicUrl(settings.ACCOUNTS_PUBLIC_URL) },
    {
      provide: RevocationSettings,
      useValue: new RevocationSettings(
        settings.AISBF_ACCESS_LEASE_MS,
        settings.ACCOUNTS_ACKNOWLEDGE_MS_MAX,
      ),
    },
    {
      provide: UpkeepSettings,
      useValue: new UpkeepSettings(
        settings.ACCOUNTS_TOKEN_USE_INTERVAL_MS,
        settings.ACCOUNTS_ACCESS_CHANGES_KEPT_MS,
      ),
    },
    {
      provide: AuthenticationSettings,
      useValue: new AuthenticationSettings(
        settings.ACCOUNTS_SIGN_UP === 'open',
        settings.ACCOUNTS_SIGN_IN_ATTEMPTS_MAX,
        settings.ACCOUNTS_SIGN_IN_WINDOW_MS,
      ),
    },
  ];
}

function signInSettings(settings: AccountsSettings) {
  return {
    publicUrl: settings.ACCOUNTS_PUBLIC_URL,
    trustedOrigins: settings.ACCOUNTS_TRUSTED_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
    pepper: settings.ACCOUNTS_SECRET_PEPPER,
    sessionTtlMs: settings.ACCOUNTS_SESSION_TTL_MS,
    accessTokenTtlMs: settings.ACCOUNTS_ACCESS_TOKEN_TTL_MS,
    linkTtlMs: settings.ACCOUNTS_MAIL_LINK_TTL_MS,
    addressAttemptsMax: settings.ACCOUNTS_SIGN_IN_ADDRESS_ATTEMPTS_MAX,
    passkeysMax: settings.ACCOUNTS_PASSKEYS_MAX,
  };
}

function defaultLimits(settings: AccountsSettings) {
  return {
    requestsPerMinuteMax: settings.ACCOUNTS_TOKEN_REQUESTS_PER_MINUTE_MAX,
    tokensPerMinuteMax: settings.ACCOUNTS_TOKEN_TOKENS_PER_MINUTE_MAX,
    concurrencyMax: settings.ACCOUNTS_TOKEN_CONCURRENCY_MAX,
  };
}
