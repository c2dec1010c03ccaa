import { type PipeTransform } from '@nestjs/common';
import { type z } from 'zod';
import { platformFaults } from './platform-faults.js';

/** How many mistakes one answer names. */
const mistakesMax = 8;

/** Opens an envelope: gives the parsed value, or a fault that names what is wrong where. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw platformFaults.REQUEST_INVALID(
    Object.fromEntries(
      result.error.issues
        .slice(0, mistakesMax)
        .map((issue) => [issue.path.map(named).join('.') || 'body', messageOf(issue)]),
    ),
  );
}

/** Names of fields that senders have made up are told if they look like some; it may also be a secret in a wrong place. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  return `Unrecognized: ${issue.keys.slice(0, mistakesMax).map(named).join(', ')}`;
}

function named(part: PropertyKey): string {
  const text = String(part);
  return /^[A-Za-z_][A-Za-z0-9_]{0,23}$|^\d{1,6}$/.test(text) ? text : '…';
}

/** The same as a pipe, for `@Body(parsed(Schema))`. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
): PipeTransform<unknown, z.infer<Schema>> {
  return { transform: (value) => parse(schema, value) };
}
