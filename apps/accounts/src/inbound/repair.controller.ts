import {
  Id,
  ListAuditBlocks,
  ListReconciliations,
  ListRepairs,
  type Principal,
  ProposeRepair,
  RefuseRepair,
} from '@aisbf/contracts';
import { Caller, parsed, Requires } from '@aisbf/platform';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Actor } from '../domain/audit.js';
import { AuditLog } from '../services/audit-log.js';
import { ReconciliationReport } from '../services/reconciliation-report.js';
import { Repairs } from '../services/repairs.js';
import { Acting } from './acting.js';

/** What was reconciled, what days are sealed, and what is put right: an operator's. */
@Controller('api/account')
@Requires('manage')
export class RepairController {
  constructor(
    private readonly repairs: Repairs,
    private readonly report: ReconciliationReport,
    private readonly audit: AuditLog,
  ) {}

  @Post('repairs')
  propose(@Acting() actor: Actor, @Body(parsed(ProposeRepair)) request: ProposeRepair) {
    return this.repairs.propose(actor, request);
  }

  @Get('repairs')
  async list(@Caller() principal: Principal, @Query(parsed(ListRepairs)) query: ListRepairs) {
    return { repairs: await this.repairs.list(principal, query) };
  }

  @Get('repairs/:id')
  get(@Caller() principal: Principal, @Param('id', parsed(Id)) id: string) {
    return this.repairs.get(principal, id);
  }

  @Post('repairs/:id/approve')
  @HttpCode(200)
  approve(@Acting() actor: Actor, @Param('id', parsed(Id)) id: string) {
    return this.repairs.approve(actor, id);
  }

  @Post('repairs/:id/refuse')
  @HttpCode(200)
  refuse(
    @Acting() actor: Actor,
    @Param('id', parsed(Id)) id: string,
    @Body(parsed(RefuseRepair)) request: RefuseRepair,
  ) {
    return this.repairs.refuse(actor, id, request);
  }

  @Get('reconciliations')
  async runs(
    @Caller() principal: Principal,
    @Query(parsed(ListReconciliations)) query: ListReconciliations,
  ) {
    return { reconciliations: await this.report.list(principal, query) };
  }

  @Get('audit-blocks')
  async blocks(
    @Caller() principal: Principal,
    @Query(parsed(ListAuditBlocks)) query: ListAuditBlocks,
  ) {
    return { blocks: await this.audit.blocks(principal, query) };
  }
}
