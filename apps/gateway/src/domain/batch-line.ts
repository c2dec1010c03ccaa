import type { BatchEndpoint, BatchError } from '@aisbf/contracts';
import { isObject, memberText } from '@aisbf/openai';

/** One request of a batch, as its line says. */
export type BatchRequest = Readonly<{
  customId: string;
  model: string;
  /** As it was written. */
  body: string;
}>;

/** Longer ones would be most of what a batch is kept for. */
const customIdLengthMax = 512;

type Mistake = Omit<BatchError, 'line'>;

/** Reads a line of a batch, or says what is wrong with it. What is in the body is not looked at before it runs. */
export function readBatchLine(bytes: Uint8Array, endpoint: BatchEndpoint): BatchRequest | Mistake {
  const text = decoded(bytes);
  const line = text === undefined ? undefined : parsedObject(text);
  if (text === undefined || !line) {
    return mistake('invalid_json_line', 'This line is not parseable as a JSON object.', null);
  }
  const { custom_id: customId, method, url, body } = line;
  if (typeof customId !== 'string' || customId === '' || customId.length > customIdLengthMax) {
    const message = `'custom_id' is a text of 1 to ${customIdLengthMax} characters.`;
    return mistake('invalid_custom_id', message, 'custom_id');
  }
  if (method !== 'POST') return mistake('invalid_method', "'method' is 'POST'.", 'method');
  if (url !== endpoint) {
    return mistake('invalid_url', `'url' is that of the batch, '${endpoint}'.`, 'url');
  }
  if (!isObject(body)) {
    return mistake('missing_required_parameter', "'body' is a JSON object.", 'body');
  }
  if (typeof body.model !== 'string' || body.model === '') {
    return mistake('missing_required_parameter', "'body.model' is a model or route.", 'model');
  }
  if (body.stream === true) {
    return mistake('invalid_value', 'What runs in a batch is not streamed.', 'stream');
  }
  return { customId, model: body.model, body: memberText(text, 'body') ?? '{}' };
}

/** What a whole file must be, read line by line. */
export class BatchCheck {
  private readonly customIds = new Set<string>();
  private model: string | undefined;

  constructor(private readonly endpoint: BatchEndpoint) {}

  get count(): number {
    return this.customIds.size;
  }

  /** What is wrong with the next line; undefined where nothing is. */
  check(bytes: Uint8Array): Mistake | undefined {
    const line = readBatchLine(bytes, this.endpoint);
    if ('code' in line) return line;
    if (this.customIds.has(line.customId)) {
      return mistake('duplicate_custom_id', 'Another line has this custom_id.', 'custom_id');
    }
    this.customIds.add(line.customId);
    this.model ??= line.model;
    if (line.model === this.model) return undefined;
    return mistake('mismatched_model', 'All lines of a batch ask for the same model.', 'model');
  }
}

/** What a line can be told by even where it was not fit to run. */
export function customIdOf(bytes: Uint8Array): string {
  const text = decoded(bytes);
  const customId = text === undefined ? undefined : parsedObject(text)?.custom_id;
  return typeof customId === 'string' ? customId : '';
}

function mistake(code: string, message: string, param: string | null): Mistake {
  return { code, message, param };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
