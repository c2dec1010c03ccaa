import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { countedOf, countedUnits, type UsageKind, type UsageSum } from '../domain/usage.js';
import { type UsageQuestion, UsageReader } from '../services/usage-reader.js';
import { resultOf } from './pg-rows.js';
import { type Query, Reports } from './reports.js';

/** What each word splits by; of these the text is made, never of what somebody sent. */
const columns: Readonly<Record<UsageKind, string>> = {
  day: 'day',
  token: 'api_token_id',
  model: 'model',
  route: 'route',
  provider: 'provider',
  outcome: 'outcome',
};

const sums = `sum(requests) AS requests, sum(charged) AS charged, sum(fee) AS fee,
  sum(service_credit) AS service_credit`;
const unitColumns = countedUnits.map((unit) => `sum(${unit}) AS ${unit}`).join(', ');

type SumRow = Record<
  (typeof countedUnits)[number] | 'requests' | 'charged' | 'fee' | 'service_credit',
  string
> & {
  day?: string;
  api_token_id?: string;
  token_name?: string;
  model?: string;
  route?: string;
  provider?: string;
  outcome?: NonNullable<UsageSum['outcome']>;
};

@Injectable()
export class PgUsageReader extends UsageReader {
  constructor(
    private readonly pool: Pool,
    private readonly reports: Reports,
  ) {
    super();
  }

  async sums(question: UsageQuestion, limit: number): Promise<readonly UsageSum[]> {
    const { text, values } = queryOf(question);
    const query = { text: `${text} LIMIT $${values.length + 1}`, values: [...values, limit] };
    return (await this.reports.rows<SumRow>(query)).map(fromSumRow);
  }

  allSums(question: UsageQuestion): AsyncIterable<UsageSum> {
    return this.reports.stream(queryOf(question), fromSumRow);
  }

  fold(limit: number): Promise<number> {
    return resultOf(this.pool, 'SELECT fold_usage($1) AS result', [limit]);
  }
}

function queryOf({ side, ownerId, by, filter }: UsageQuestion): Query {
  const split = by.map((word) => columns[word]);
  const values: unknown[] = [ownerId, filter.from, filter.to];
  const filters = (Object.keys(columns) as UsageKind[]).flatMap((word) => {
    const value = word === 'day' ? undefined : filter[word];
    if (value === undefined) return [];
    values.push(value);
    return [`AND u.${columns[word]} = $${values.length}`];
  });
  const whose =
    side === 'buyer'
      ? 'u.owner_id = $1'
      : `u.seller_owner_id = $1 AND u.owner_id <> $1 AND u.outcome IN ('completed', 'buyer_left', 'expired')`;
  const names = split.map((column) =>
    column === 'day' ? `to_char(s.day, 'YYYY-MM-DD') AS day` : `s.${column}`,
  );
  const isByToken = by.includes('token');
  const text = `
    SELECT ${[...names, ...(isByToken ? ['t.name AS token_name'] : []), 's.requests, s.charged, s.fee, s.service_credit', ...countedUnits].join(', ')}
    FROM (
      SELECT ${[...split, sums, unitColumns].join(', ')}
      FROM usage_sum u WHERE ${whose} AND u.day BETWEEN $2::date AND $3::date ${filters.join(' ')}
      GROUP BY ${split.join(', ')}) s
    ${isByToken ? 'JOIN api_token t ON t.id = s.api_token_id' : ''}
    ORDER BY ${split.map((column) => `s.${column}`).join(', ')}`;
  return { text, values };
}

function fromSumRow(row: SumRow): UsageSum {
  const { requests, charged, fee, service_credit, api_token_id, token_name, ...rest } = row;
  const names = { day: rest.day, model: rest.model, route: rest.route, provider: rest.provider };
  return {
    ...defined({ ...names, outcome: rest.outcome }),
    ...(api_token_id !== undefined && { token: { id: api_token_id, name: token_name ?? '' } }),
    requests: Number(requests),
    units: countedOf(rest),
    charged: BigInt(charged),
    fee: BigInt(fee),
    serviceCredit: BigInt(service_credit),
  };
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

function defined<Values extends object>(values: Values): Defined<Values> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<Values>;
}
