import { NoAdvice } from '../services/advisers.js';

/** An OpenAI-compatible endpoint that the operator names in the settings: its own, and so not guarded like those of others. */
export type ModelDoor = Readonly<{
  /** Its base URL; the endpoint's path is appended. */
  url: string;
  model: string;
  apiKey: string | undefined;
  isLocal: boolean;
}>;

/** As much as a few hundred vectors, or a judge that cannot stop, may say. */
const answerBytesMax = 16_777_216;

/** What it answers, as JSON. Throws NoAdvice. */
export async function askModel(
  { url, model, apiKey }: ModelDoor,
  path: string,
  question: object,
  msMax: number,
): Promise<unknown> {
  const signal = AbortSignal.timeout(msMax);
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ model, ...question }),
      redirect: 'error',
      signal,
    });
    if (response.ok) return JSON.parse(await textOf(response));
    await response.body?.cancel();
  } catch (error) {
    throw new NoAdvice(stateOf(error, signal), { cause: error });
  }
  throw new NoAdvice('unavailable');
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > answerBytesMax) throw new NoAdvice('unusable');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString();
}

function stateOf(error: unknown, { aborted }: AbortSignal): NoAdvice['state'] {
  if (error instanceof NoAdvice) return error.state;
  if (aborted) return 'late';
  return error instanceof SyntaxError ? 'unusable' : 'unavailable';
}
