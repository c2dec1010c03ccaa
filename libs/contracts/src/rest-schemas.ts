import { AccessKeys } from './access.js';
import * as account from './account-api.js';
import * as auth from './auth-api.js';
import * as autoselect from './autoselect.js';
import * as batch from './batch-api.js';
import * as buyer from './buyer-api.js';
import { buyerListAnswers } from './buyer-list-api.js';
import * as catalog from './catalog-api.js';
import { DecisionTree } from './decision-tree.js';
import { OpenAiErrorAnswer, RestErrorAnswer } from './error-answer.js';
import * as file from './file-api.js';
import * as health from './health-api.js';
import * as imports from './import-api.js';
import { Receipt } from './ledger.js';
import * as listing from './listing-api.js';
import * as market from './market-api.js';
import { ollamaAnswers } from './ollama-api.js';
import * as payment from './payment-api.js';
import * as payout from './payout-api.js';
import { SessionPresence } from './presence.js';
import { Principal } from './principal.js';
import * as repair from './repair-api.js';
import { CatalogueRevision } from './revision-api.js';
import * as rotation from './rotation-api.js';
import { RouteExplanation } from './route-explanation.js';
import * as typed from './typed-api.js';
import * as usage from './usage-api.js';
import { videoAnswers, videoRequests } from './video-api.js';
import * as worker from './worker-api.js';

/** What the calls of the public APIs take and give, by its name in the OpenAPI document. */

export const requests = {
  CreateChatCompletion: buyer.CreateChatCompletion,
  ...typed.typedRequests,
  ...videoRequests,
  CreateUser: account.CreateUser,
  UpdateUser: account.UpdateUser,
  CreateApiToken: account.CreateApiToken,
  UpdateApiToken: account.UpdateApiToken,
  RotateApiToken: account.RotateApiToken,
  GrantCredit: account.GrantCredit,
  ...file.fileRequests,
  ...batch.batchRequests,
  ...auth.authRequests,
  ...payout.payoutRequests,
  ...repair.repairRequests,
  ...payment.paymentRequests,
  ...catalog.catalogRequests,
  ...listing.listingRequests,
  PutRotation: rotation.PutRotation,
  PutAutoselect: autoselect.PutAutoselect,
  PutImport: imports.PutImport,
  DecisionTree,
};

export const answers = {
  OpenAiError: OpenAiErrorAnswer,
  RestError: RestErrorAnswer,
  AnthropicError: typed.AnthropicErrorAnswer,
  ...typed.typedAnswers,
  ...videoAnswers,
  ChatCompletion: buyer.ChatCompletion,
  Model: buyer.Model,
  ModelPage: buyer.ModelPage,
  Generation: buyer.Generation,
  ...file.fileAnswers,
  ...batch.batchAnswers,
  ...buyerListAnswers,
  ...ollamaAnswers,
  RouteExplanation,
  Principal,
  User: account.User,
  Users: account.Users,
  UpdatedUser: account.UpdatedUser,
  Acknowledgement: account.Acknowledgement,
  UpdatedApiToken: account.UpdatedApiToken,
  RotatedApiToken: account.RotatedApiToken,
  AuditTrail: account.AuditTrail,
  ApiToken: account.ApiToken,
  ApiTokens: account.ApiTokens,
  CreatedApiToken: account.CreatedApiToken,
  Granted: account.Granted,
  ...auth.authAnswers,
  AccessKeys,
  Balance: account.Balance,
  Receipt,
  ...usage.usageAnswers,
  ...payout.payoutAnswers,
  ...repair.repairAnswers,
  ...payment.paymentAnswers,
  ...catalog.catalogAnswers,
  ...health.healthAnswers,
  CatalogueRevision,
  ...listing.listingAnswers,
  ...rotation.rotationAnswers,
  ...autoselect.autoselectAnswers,
  ...imports.importAnswers,
  ...market.marketAnswers,
  DecisionTree,
  ...worker.workerAnswers,
  SessionPresence,
};
