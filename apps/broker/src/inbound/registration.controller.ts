import { readIdentity, readScopePath, registeredBody } from '@aisbf/broker-protocol';
import type { WorkerSessions, WorkerStatus } from '@aisbf/contracts';
import { Clock, platformFaults } from '@aisbf/platform';
import { Controller, Get, Headers, HttpCode, Ip, Param, Post, Req } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { BrokerLimits } from '../config.js';
import { brokerFaults } from '../domain/broker-faults.js';
import { Admission } from '../services/admission.js';
import { Callers } from '../services/callers.js';
import { brokerExtensions } from '../services/session-voice.js';
import { WorkerView } from '../services/worker-view.js';

/** What workers and their owners ask without a socket. */
@Controller('api')
export class RegistrationController {
  constructor(
    private readonly admission: Admission,
    private readonly callers: Callers,
    private readonly view: WorkerView,
    private readonly clock: Clock,
    private readonly limits: BrokerLimits,
  ) {}

  @Post(['coderai/register', 'u/:username/coderai/register'])
  @HttpCode(200)
  async register(@Req() request: FastifyRequest): Promise<object> {
    const url = new URL(request.url, 'http://broker');
    const scope = readScopePath(url.pathname, '');
    if (!scope) throw platformFaults.NOT_FOUND();
    const identity = readIdentity(url.searchParams, request.headers);
    const result = await this.admission.admit(scope.username, identity);
    if (result.type === 'later')
      throw brokerFaults.ADMISSION_CROWDED({ retryAfterMs: result.waitMs });
    if (result.type === 'refused') throw brokerFaults.REGISTRATION_REJECTED();
    const { registrationTtlMs, streamWindowBytes } = this.limits.session;
    const expiresAtMs = this.clock.nowMs() + registrationTtlMs;
    const facts = { expiresAtMs, extensions: brokerExtensions, streamWindowBytes };
    return registeredBody({ ...result.identity, ...facts });
  }

  @Get('coderai/broker/sessions')
  async sessions(
    @Ip() address: string,
    @Headers('authorization') authorization?: string,
  ): Promise<WorkerSessions> {
    return this.view.list(await this.callers.manager(authorization, address));
  }

  @Get('coderai/broker/providers/:providerId/status')
  async status(
    @Param('providerId') providerId: string,
    @Ip() address: string,
    @Headers('authorization') authorization?: string,
  ): Promise<WorkerStatus> {
    return this.view.status(await this.callers.manager(authorization, address), providerId);
  }
}
