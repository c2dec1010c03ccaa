import { pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What is true of one event: names and numbers, never prompts, answers or secrets. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** One line an event: a fixed sentence, its facts, and under `next` what the seller should do. */
export type Log = Readonly<Record<LogLevel, (fields: LogFields, sentence: string) => void>>;

type Sink = (line: string) => void;
export type LogOptions = Readonly<{ format: 'text' | 'json'; level: LogLevel; write: Sink }>;

export function createLog({ format, level, write }: LogOptions): Log {
  if (format === 'json') return pino({ name: 'aisbf-worker', level }, { write });
  return createTextLog(level, write);
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function createTextLog(level: LogLevel, write: Sink): Log {
  const isWanted = (candidate: LogLevel): boolean =>
    levels.indexOf(candidate) >= levels.indexOf(level);
  const writer = (own: LogLevel) => (fields: LogFields, sentence: string) => {
    if (isWanted(own)) write(`${toLine(own, fields, sentence, new Date())}\n`);
  };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  };
}

function toLine(level: LogLevel, fields: LogFields, sentence: string, now: Date): string {
  const { next, ...facts } = fields;
  const time = now.toTimeString().slice(0, 8);
  const listed = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${toValue(value)}`],
  );
  const advice = typeof next === 'string' ? ` → ${printable(next)}` : '';
  return [time, level.padEnd(5), sentence, ...listed].join(' ') + advice;
}

function toValue(value: NonNullable<LogFields[string]>): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = printable(typeof value === 'string' ? value : value.join(','));
  return /[\s"=]/.test(text) || text === '' ? JSON.stringify(text) : text;
}

/** What comes from elsewhere must not steer the seller's terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/[\x00-\x1F\x7F-\x9F]+/g, ' ').trim();
}
