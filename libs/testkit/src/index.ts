export { Chromium, ChromiumPage } from './chromium.js';
export { Eavesdropper } from './eavesdropper.js';

export { FakeMailServer, type ReceivedMail } from './fake-mail-server.js';
export {
  FakeRealtime,
  type RealtimeAnswerOptions,
  RealtimeCall,
  type RealtimeFrame,
  type RealtimeScript,
} from './fake-realtime.js';
export { FakeStripe, type FakeStripeOptions, type StripeTrouble } from './fake-stripe.js';
export type { StripeEvent, StripeObject } from './fake-stripe-book.js';
export { FakeStripeConnect, type FakeTransfer, type TransferFate } from './fake-stripe-connect.js';
export { fakeMessage, fakeResponse, type TypedAnswer } from './fake-typed-answers.js';
export {
  type AnswerEnding,
  FakeUpstream,
  UpstreamCall,
  type UpstreamModel,
  type UpstreamScript,
} from './fake-upstream.js';
export {
  FakeWorker,
  type FakeWorkerIdentity,
  type WorkerFrame,
  WorkerRefused,
  type WorkerScript,
} from './fake-worker.js';
export { FilmStudio } from './film-studio.js';
export { FirstOf } from './first-of.js';
export { fragmentedMp4 } from './fragmented-mp4.js';
export { createDatabase, type ServiceName, type TestDatabase } from './fresh-database.js';
export { type Loopback, listenOnLoopback, textOf } from './loopback.js';
export {
  type LedgerViolation,
  MarketUnderTest,
  type MarketUnderTestOptions,
  type TestBuyer,
  type TestShop,
  type Wallet,
} from './market-under-test.js';
export { natsUrl } from './nats-url.js';
export { type OwnNats, startOwnNats } from './own-nats.js';
export { type OwnPostgres, startOwnPostgres } from './own-postgres.js';
export { redisUrl } from './redis-url.js';
export { SoftwareAuthenticator } from './software-authenticator.js';
export {
  type StudioAnswer,
  type StudioRequest,
  StudioWorker,
} from './studio-worker.js';
export { totpOf } from './totp.js';
export { until } from './until.js';
export { wav } from './wav.js';
export { webm } from './webm.js';
