import { Admit } from '@aisbf/contracts';
import { type GrpcHandler, parse } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Admission } from '../services/admission.js';

/** The same use case for other teams. Fields that gRPC leaves out are null or zero here. */
@Injectable()
export class RouterGrpc {
  constructor(private readonly admission: Admission) {}

  get handlers(): Readonly<Record<string, GrpcHandler>> {
    return { Admit: (request) => this.admission.admit(parse(Admit, toAdmit(request))) };
  }
}

function toAdmit(request: Record<string, unknown>) {
  const facts = {
    isStream: false,
    bodyBytes: 0,
    promptTokens: 0,
    outputTokensMax: null,
    choices: 1,
    ...(typeof request.facts === 'object' ? request.facts : undefined),
  };
  return { pathUsername: null, clientAddress: null, ...request, facts, type: 'admit' };
}
