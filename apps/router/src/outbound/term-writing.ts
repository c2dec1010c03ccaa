import type { Prisma } from '@aisbf/database-router';
import { nanos, type Prices } from '@aisbf/money';
import type { CatalogueChange } from '../domain/catalogue-change.js';
import { faults } from '../domain/faults.js';
import type { Change, Schedule } from '../domain/schedule.js';
import {
  type Deed,
  isPrices,
  type NewTerm,
  placeTerm,
  type TermKind,
  type TermSubject,
  type TermValue,
} from '../domain/term.js';
import { toPriceColumns } from './price-columns.js';

type Transaction = Prisma.TransactionClient;
type Withdrawal = Extract<CatalogueChange, { type: 'term-withdraw' }>;
type Row = Prisma.TermChangeGetPayload<object>;

/** Adds a term where it belongs. The lock of the revision, which every change takes first, makes it the only one. */
export async function setTerm(
  subject: TermSubject,
  term: NewTerm,
  transaction: Transaction,
): Promise<void> {
  const schedule = await standing(subject, term.by.nowMs, transaction);
  const placement = placeTerm(term, schedule);
  if (!placement) return;
  const { setAtMs, validFromMs, replaces } = placement;
  if (replaces.length > 0) {
    await withdraw([...replaces], { ...term.by, nowMs: setAtMs }, transaction);
  }
  await transaction.termChange.create({
    data: {
      id: term.id,
      kind: subject.kind,
      subjectId: subject.id,
      subjectName: subject.name,
      ...toValueColumns(term.value),
      validFrom: new Date(validFromMs),
      setAt: new Date(setAtMs),
      setBy: term.by.ownerId,
      setByUsername: term.by.username,
    },
  });
}

export async function withdrawTerm(
  { subject, id, by }: Withdrawal,
  transaction: Transaction,
): Promise<void> {
  const { kind, id: subjectId } = subject;
  const row = await transaction.termChange.findFirst({ where: { id, kind, subjectId } });
  if (!row) throw faults.CHANGE_NOT_FOUND();
  if (row.withdrawnAt !== null) return;
  if (row.validFrom.getTime() <= by.nowMs) throw faults.CHANGE_BEGUN();
  await withdraw([id], by, transaction);
}

async function withdraw(
  ids: string[],
  { ownerId, username, nowMs }: Deed,
  transaction: Transaction,
): Promise<void> {
  await transaction.termChange.updateMany({
    where: { id: { in: ids } },
    data: { withdrawnAt: new Date(nowMs), withdrawnBy: ownerId, withdrawnByUsername: username },
  });
}

/** What is in force at the moment, and all that begins later. */
async function standing(
  { kind, id }: TermSubject,
  nowMs: number,
  transaction: Transaction,
): Promise<Schedule<TermValue>> {
  const where = { kind, subjectId: id, withdrawnAt: null };
  const now = new Date(nowMs);
  const begun = await transaction.termChange.findMany({
    where: { ...where, validFrom: { lte: now } },
    orderBy: [{ validFrom: 'desc' }, { sequence: 'desc' }],
    take: 1,
  });
  const ahead = await transaction.termChange.findMany({
    where: { ...where, validFrom: { gt: now } },
    orderBy: [{ validFrom: 'asc' }, { sequence: 'asc' }],
  });
  return [...begun, ...ahead].map((row) => fromTermRow(row, kind));
}

function fromTermRow(row: Row, kind: TermKind): Change<TermValue> {
  return {
    id: row.id,
    value: kind === 'listing_prices' ? fromPriceColumns(row) : row.feeBps,
    validFromMs: row.validFrom.getTime(),
    setAtMs: row.setAt.getTime(),
    setBy: row.setByUsername,
  };
}

function fromPriceColumns(row: Row): Prices {
  const prices = {
    prompt_token: row.promptTokenNanos,
    cached_prompt_token: row.cachedPromptTokenNanos,
    completion_token: row.completionTokenNanos,
    reasoning_token: row.reasoningTokenNanos,
    image: row.imageNanos,
    audio_second: row.audioSecondNanos,
    video_second: row.videoSecondNanos,
    request: row.requestNanos,
  };
  return Object.fromEntries(
    Object.entries(prices).flatMap(([kind, price]) =>
      price === null ? [] : [[kind, nanos(price)]],
    ),
  );
}

function toValueColumns(value: TermValue) {
  return isPrices(value) ? toPriceColumns(value) : { feeBps: value };
}
