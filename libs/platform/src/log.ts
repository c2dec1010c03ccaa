import { withoutSecretTokens } from '@aisbf/secrets';
import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, type LoggerOptions, pino } from 'pino';
import { loggedError } from './logged-error.js';

type Fields = Readonly<Record<string, unknown>>;

/** What our code may say to the log: fields first, then a short fixed sentence. Also the DI token. */
export abstract class Log {
  abstract debug(fields: Fields, sentence: string): void;
  abstract info(fields: Fields, sentence: string): void;
  abstract warn(fields: Fields, sentence: string): void;
  abstract error(fields: Fields, sentence: string): void;
  abstract child(fields: Fields): Log;
}

/** Names that never reach a log, wherever in a line they stand. */
const secretNames = [
  'authorization',
  'cookie',
  'apiToken',
  'registrationToken',
  'registration_token',
  'credential',
  'password',
  'secret',
  'prompt',
  'messages',
  'body',
  'payload',
];

/** One JSON line per event on standard output. */
export function createLog(name: string, level: string): Log {
  return createLogTo(pino.destination(1), name, level);
}

/** The same, to somewhere else. */
export function createLogTo(destination: DestinationStream, name: string, level: string): Log {
  const options: LoggerOptions = {
    name,
    level,
    base: { name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: secretNames.flatMap((secret) => [secret, `*.${secret}`, `*.*.${secret}`]),
      censor: '[redacted]',
    },
    serializers: { error: loggedError },
    // Whoever puts a secret where a name belongs has it refused, and the name is logged.
    hooks: { streamWrite: withoutSecretTokens },
  };
  return pino(options, destination);
}

/** Nest's own messages, as debug lines of ours; its warnings and errors keep their weight. */
export class NestLog implements LoggerService {
  constructor(private readonly sink: Log) {}

  log(message: unknown): void {
    this.sink.debug({ nest: String(message) }, 'nest');
  }

  warn(message: unknown): void {
    this.sink.warn({ nest: String(message) }, 'nest warns');
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.sink.error({ nest: String(message), rest: rest.map(String) }, 'nest reports an error');
  }

  debug(message: unknown): void {
    this.log(message);
  }

  verbose(message: unknown): void {
    this.log(message);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }
}
