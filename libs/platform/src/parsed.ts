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
        .map((issue) => [issue.path.join('.') || 'body', issue.message]),
    ),
  );
}

/** The same as a pipe, for `@Body(parsed(Schema))`. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
): PipeTransform<unknown, z.infer<Schema>> {
  return { transform: (value) => parse(schema, value) };
}
