import type { z } from 'zod';
import type { Scope } from './principal.js';

/**
 * Whose secret a call carries. A scope: an API token that has it. A session: its cookie. `provider-signature`:
 * its body is signed.
 */
export type Credential =
  | Scope
  | 'any-api-token'
  | 'registration-token'
  | 'session'
  | 'provider-signature'
  | 'nobody';

/** One call of a public REST API, as the OpenAPI document tells of it. */
export type RestRoute = Readonly<{
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/api/account/receipts/{id}`. */
  path: string;
  /** Its name in generated clients; unique in the document. */
  operationId: string;
  summary: string;
  description?: string;
  credential: Credential;
  /** By name; each of them is required. */
  pathParameters?: Readonly<Record<string, z.ZodType>>;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  request?: z.ZodType;
  /** A call without a body means the same as one with an empty object. */
  isRequestOptional?: boolean;
  /** The body comes as `multipart/form-data`. */
  isForm?: boolean;
  answer: RestAnswer;
}>;

export type RestAnswer = Readonly<{
  status: 101 | 200 | 201 | 204 | 302;
  /** Absent where the answer has no body. */
  schema?: z.ZodType;
  /** Also as server-sent events, where the request asks for them. */
  isStreamable?: boolean;
  /** Also as a CSV file, where the request asks for it; always where there is no schema. */
  isCsvToo?: boolean;
  /** A file of whatever kind it is. */
  isFile?: boolean;
}>;
