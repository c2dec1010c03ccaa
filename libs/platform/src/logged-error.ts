import { Fault } from '@aisbf/faults';

/** What errors of libraries tell of themselves without telling what they were given. */
const tellingFields = [
  'code',
  'kind',
  'severity',
  'schema',
  'table',
  'column',
  'constraint',
  'routine',
  'errno',
  'syscall',
  'statusCode',
] as const;

/** Errors cause each other in chains, never in circles that anybody has meant. */
const causesMax = 8;

type LoggedError = Readonly<Record<string, unknown>>;

/**
 * An error as it is logged: what it says, where it comes from, what has caused it. Further fields only by name: some
 * libraries keep in them what they could not parse, the values of rows, or the headers that they have sent.
 */
export function loggedError(error: unknown): unknown {
  return error instanceof Error ? described(error, causesMax) : error;
}

function described(error: Error, causesLeft: number): LoggedError {
  const fields = error as unknown as Readonly<Record<string, unknown>>;
  const told = tellingFields.flatMap((name) => {
    const value = fields[name];
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : [];
  });
  const { cause } = error;
  return {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(told),
    ...(error instanceof Fault && { details: error.details }),
    ...(cause instanceof Error && causesLeft > 0 && { cause: described(cause, causesLeft - 1) }),
    ...(error instanceof AggregateError &&
      causesLeft > 0 && { errors: error.errors.slice(0, causesMax).map(String) }),
  };
}
