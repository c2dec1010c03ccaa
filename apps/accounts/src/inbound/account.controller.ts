import { GrantCredit, ListAudit, type Principal, RequestId } from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { Actor } from '../domain/audit.js';
import { AuditLog } from '../services/audit-log.js';
import { Statements } from '../services/statements.js';
import { Acting } from './acting.js';

/** The REST API for owners and operators: who one is, what one has, what was done. */
@Controller('api/account')
export class AccountController {
  constructor(
    private readonly statements: Statements,
    private readonly audit: AuditLog,
  ) {}

  @Get('me')
  @Requires('usage')
  me(@Caller() principal: Principal) {
    return principal;
  }

  @Post('grants')
  @Requires('manage')
  grant(@Acting() actor: Actor, @Body(parsed(GrantCredit)) request: GrantCredit) {
    return this.statements.grant(actor, request);
  }

  @Get('balance')
  @Requires('usage')
  balance(@Caller() principal: Principal) {
    return this.statements.balance(principal);
  }

  @Get('receipts/:id')
  @Requires('usage')
  receipt(@Caller() principal: Principal, @Param('id', parsed(RequestId)) requestId: string) {
    return this.statements.receipt(principal, requestId);
  }

  @Get('audit')
  @Requires('usage')
  async auditTrail(@Caller() principal: Principal, @Query(parsed(ListAudit)) query: ListAudit) {
    return { events: await this.audit.list(principal, query) };
  }
}
