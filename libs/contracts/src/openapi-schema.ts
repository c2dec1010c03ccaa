import { z } from 'zod';

/** What a document that is made of plain data may hold. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };
type JsonSchema = Record<string, Json | undefined>;

/** Named schemas, which refer to each other by name. */
export function components(
  named: Readonly<Record<string, z.ZodType>>,
  io: 'input' | 'output',
): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri,
    override: io === 'input' ? plain : open,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _dialect, $id: _address, ...rest } = schema as JsonObject;
      return [name, rest];
    }),
  );
}

type Overridden = Readonly<{ jsonSchema: unknown }>;

/** Leaves out what says nothing to a reader: the safe range of integers, patterns of named formats. */
export function plain({ jsonSchema }: Overridden): void {
  const schema = jsonSchema as JsonSchema;
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** Answers may grow: clients that were made from this document must not fail over a new field. */
function open(context: Overridden): void {
  plain(context);
  const schema = context.jsonSchema as JsonSchema;
  if (schema.additionalProperties === false) delete schema.additionalProperties;
}
