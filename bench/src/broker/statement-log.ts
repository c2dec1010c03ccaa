import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/** How many statements a database was given, and in the busiest second. */
export type StatementCount = Readonly<{ total: number; perSMax: number }>;

/** A line of Postgres' log that begins a statement, as `log_statement` has it written. */
const statement = /^(\S+ \S+) UTC \[\d+\] (\S+)@\S* LOG: {2}(?:statement|execute [^:]*): /;

/** Statements that these logins sent in this time, each begin and end of a transaction among them. */
export function countStatements(
  log: string,
  { fromMs, toMs, users }: Readonly<{ fromMs: number; toMs: number; users: readonly string[] }>,
): StatementCount {
  const bySecond = new Map<number, number>();
  let total = 0;
  for (const line of log.split('\n')) {
    const [, time = '', user = ''] = statement.exec(line) ?? [];
    if (!users.includes(user)) continue;
    const atMs = Date.parse(`${time.replace(' ', 'T')}Z`);
    if (atMs < fromMs || atMs > toMs) continue;
    const second = Math.floor((atMs - fromMs) / 1_000);
    total += 1;
    bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
  }
  return { total, perSMax: Math.max(0, ...bySecond.values()) };
}

/** The logins of our services: what the bench itself asks does not count. */
const services = ['aisbf_accounts', 'aisbf_router'];
/** Each of Postgres' processes hears of a new setting before its next statement. */
const heardMs = 500;

/** Lets Postgres write every statement to its log. The services are left as they are. */
export class StatementLog {
  constructor(
    private readonly databaseUrl: string,
    private readonly logFile: string,
  ) {}

  begin(): Promise<void> {
    return this.#set('all');
  }

  end(): Promise<void> {
    return this.#set('none');
  }

  async count(fromMs: number, toMs: number): Promise<StatementCount> {
    return countStatements(await readFile(this.logFile, 'utf8'), { fromMs, toMs, users: services });
  }

  async #set(level: 'all' | 'none'): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      await client.query(`ALTER SYSTEM SET log_statement = '${level}'`);
      await client.query('SELECT pg_reload_conf()');
    } finally {
      await client.end();
    }
    await delay(heardMs);
  }
}
