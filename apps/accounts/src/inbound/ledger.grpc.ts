import { Authorise, Identify, Settle, Withdraw } from '@aisbf/contracts';
import { type GrpcHandler, parse } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Authorisation } from '../services/authorisation.js';
import { Identity } from '../services/identity.js';
import { Settlement } from '../services/settlement.js';
import { Withdrawal } from '../services/withdrawal.js';

/** The same use cases for other teams. Fields that gRPC leaves out are null or empty here. */
@Injectable()
export class LedgerGrpc {
  constructor(
    private readonly identity: Identity,
    private readonly authorisation: Authorisation,
    private readonly settlement: Settlement,
    private readonly withdrawal: Withdrawal,
  ) {}

  get handlers(): Readonly<Record<string, GrpcHandler>> {
    return {
      Identify: (request) =>
        this.identity.identify(parse(Identify, { ...request, type: 'identify' }).apiToken),
      Authorise: (request) => this.authorisation.authorise(parse(Authorise, toAuthorise(request))),
      Settle: (request) => this.settlement.settle(parse(Settle, toSettle(request))),
      Withdraw: (request) =>
        this.withdrawal.withdraw(parse(Withdraw, { ...request, type: 'withdraw' })),
    };
  }
}

function toAuthorise(request: Record<string, unknown>) {
  const terms = listOf(request.terms).map((entry) => ({ feeBps: 0, prices: {}, ...entry }));
  return {
    isStream: false,
    ...request,
    rejections: listOf(request.rejections),
    terms,
    type: 'authorise',
  };
}

function toSettle(request: Record<string, unknown>) {
  const attempts = listOf(request.attempts).map((entry) => ({
    position: 0,
    sessionId: null,
    sessionEpoch: null,
    firstByteAtMs: null,
    reason: null,
    httpStatus: null,
    ...entry,
  }));
  return {
    servedPosition: null,
    ticket: null,
    units: {},
    reported: null,
    finishReason: null,
    firstByteAtMs: null,
    ...request,
    attempts,
    type: 'settle',
  };
}

function listOf(value: unknown): readonly object[] {
  return Array.isArray(value) ? value : [];
}
