import { accessFaults, requireOperator } from '@aisbf/access';
import type {
  ListRepairs,
  Principal,
  ProposeRepair,
  RefuseRepair,
  Repair,
  RepairAccount,
} from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { amountOf } from '../domain/amount.js';
import { type Actor, actedDeed, type Note } from '../domain/audit.js';
import { faults } from '../domain/faults.js';
import { Directory } from './directory.js';

/** How much one operator may move alone in a day, and how long a proposal waits. Also the DI token. */
export class RepairLimits {
  constructor(
    readonly aloneMax: Nanos,
    readonly ttlMs: number,
  ) {}
}

export type NewRepair = Readonly<{
  id: string;
  userId: string;
  tokenId: string | null;
  debitAccountId: string;
  creditAccountId: string;
  amount: Nanos;
  reason: string;
  violation: string;
  subject: string;
}>;

export type Decision = Readonly<{
  id: string;
  userId: string;
  tokenId: string | null;
  decision: 'applied' | 'refused';
  reason: string | null;
}>;

type NotMoved = 'exceeds_free' | 'exceeds_debt' | 'same_person' | 'not_operator';
export type Proposed = 'applied' | 'proposed' | 'replay' | 'parameters_differ' | NotMoved;
export type Decided =
  | 'applied'
  | 'refused'
  | 'replay'
  | 'missing'
  | 'decided'
  | 'expired'
  | NotMoved;

/** Repairs and the decisions on them. Each step is one transaction with its line in the record. */
export abstract class RepairStore {
  abstract accountOf(kind: string, ownerId: string): Promise<string | undefined>;
  abstract propose(
    repair: NewRepair,
    limits: RepairLimits,
    notes: readonly Note[],
  ): Promise<Proposed>;
  abstract decide(decision: Decision, notes: readonly Note[]): Promise<Decided>;
  abstract find(id: string): Promise<Repair | undefined>;
  abstract list(query: ListRepairs): Promise<readonly Repair[]>;
}

/** Compensating transactions: nothing of the past is changed, and above a limit two people must want it. */
@Injectable()
export class Repairs {
  constructor(
    private readonly store: RepairStore,
    private readonly directory: Directory,
    private readonly limits: RepairLimits,
  ) {}

  async propose(actor: Actor, request: ProposeRepair): Promise<Repair> {
    const { principal } = actor;
    requireOperator(principal);
    const { repairId: id, reason, violation, subject } = request;
    const repair = {
      ...{ id, reason, violation, subject, amount: amountOf(request.amount) },
      ...{ userId: principal.userId, tokenId: principal.apiTokenId },
      debitAccountId: await this.account(request.debit),
      creditAccountId: await this.account(request.credit),
    };
    if (repair.debitAccountId === repair.creditAccountId) throw faults.REPAIR_ACCOUNTS_EQUAL();
    const detail = {
      ...{ amount: request.amount, reason, violation, about: subject },
      ...{ debit: nameOf(request.debit), credit: nameOf(request.credit) },
    };
    const done = actedDeed(actor, { action: 'repair.propose', subject: id, detail });
    const result = await this.store.propose(repair, this.limits, [
      { when: ['applied', 'proposed'], deed: done },
      { when: ['applied'], deed: { ...done, action: 'repair.apply' } },
    ]);
    refuse(result);
    return this.required(id);
  }

  async approve(actor: Actor, id: string): Promise<Repair> {
    return this.decide(actor, id, 'applied', null);
  }

  /** Also how a proposal is taken back. */
  async refuse(actor: Actor, id: string, { reason }: RefuseRepair): Promise<Repair> {
    return this.decide(actor, id, 'refused', reason);
  }

  async get(principal: Principal, id: string): Promise<Repair> {
    requireOperator(principal);
    return this.required(id);
  }

  list(principal: Principal, query: ListRepairs): Promise<readonly Repair[]> {
    requireOperator(principal);
    return this.store.list(query);
  }

  private async decide(
    actor: Actor,
    id: string,
    decision: Decision['decision'],
    reason: string | null,
  ): Promise<Repair> {
    const { principal } = actor;
    requireOperator(principal);
    const action = decision === 'applied' ? 'repair.apply' : 'repair.refuse';
    const deed = actedDeed(actor, { action, subject: id, detail: { reason } });
    const { userId, apiTokenId: tokenId } = principal;
    refuse(
      await this.store.decide({ id, userId, tokenId, decision, reason }, [
        { when: [decision], deed },
      ]),
    );
    return this.required(id);
  }

  private async account({ kind, username }: RepairAccount): Promise<string> {
    const { ownerId } = await this.directory.requireOwner(username);
    const found = await this.store.accountOf(kind, ownerId);
    if (found === undefined) throw faults.REPAIR_ACCOUNT_MISSING({ kind, username });
    return found;
  }

  private async required(id: string): Promise<Repair> {
    const repair = await this.store.find(id);
    if (!repair) throw faults.REPAIR_MISSING();
    return repair;
  }
}

function nameOf({ kind, username }: RepairAccount): string {
  return `${kind} of ${username}`;
}

const refusals = {
  parameters_differ: faults.REPAIR_PARAMETERS_DIFFER,
  exceeds_free: faults.REPAIR_EXCEEDS_FREE,
  exceeds_debt: faults.REPAIR_EXCEEDS_DEBT,
  same_person: faults.REPAIR_BY_SAME_PERSON,
  not_operator: accessFaults.OPERATOR_ONLY,
  missing: faults.REPAIR_MISSING,
  decided: faults.REPAIR_DECIDED,
  expired: faults.REPAIR_EXPIRED,
} as const;

function refuse(result: Proposed | Decided): void {
  if (result in refusals) throw refusals[result as keyof typeof refusals]();
}
