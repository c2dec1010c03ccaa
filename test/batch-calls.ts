import { until } from '@aisbf/testkit';
import { type OpenAI, toFile } from 'openai';

/** What OpenAI's own client makes of batches, as tests ask for them. */

export const chatEndpoint = '/v1/chat/completions';

/** "Go on." in one message's frame, and a fake answer of seven words with a full stop. */
export const tokensOfLine = { prompt: 10n, completion: 8n };

export type Outcome = Readonly<{
  id: string;
  custom_id: string;
  response: { status_code: number; request_id: string; body: Record<string, unknown> } | null;
  error: { code: string; message: string } | null;
}>;

export const chatLine = (
  customId: string,
  model: string,
  fields: object = {},
  content = 'Go on.',
) => ({
  ...{ custom_id: customId, method: 'POST', url: chatEndpoint },
  body: { model, messages: [{ role: 'user', content }], ...fields },
});

export const chatLines = (count: number, model: string) =>
  Array.from({ length: count }, (_, place) => chatLine(`line-${place}`, model));

/** A text is a line as it stands. */
export async function uploadLines(by: OpenAI, lines: readonly unknown[]): Promise<string> {
  const text = lines.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n');
  const file = await toFile(Buffer.from(text), 'lines.jsonl');
  return (await by.files.create({ file, purpose: 'batch' })).id;
}

export async function beginBatch(
  by: OpenAI,
  lines: readonly unknown[],
  endpoint: OpenAI.BatchCreateParams['endpoint'] = chatEndpoint,
): Promise<OpenAI.Batch> {
  return by.batches.create({
    ...{ input_file_id: await uploadLines(by, lines), endpoint, completion_window: '24h' },
    metadata: { of: 'a test' },
  });
}

const over = ['completed', 'failed', 'expired', 'cancelled'];

export function endedBatch(by: OpenAI, id: string): Promise<OpenAI.Batch> {
  return until(
    async () => {
      const batch = await by.batches.retrieve(id);
      return over.includes(batch.status) && batch;
    },
    { timeoutMs: 40_000, message: `${id} is over` },
  );
}

export async function outcomesIn(
  by: OpenAI,
  fileId: string | null | undefined,
): Promise<Outcome[]> {
  if (!fileId) return [];
  const text = await (await by.files.content(fileId)).text();
  if (!text.endsWith('\n')) throw new Error(`${fileId} ends in the middle of a line`);
  return text
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as Outcome);
}

export const idsOf = (outcomes: readonly Outcome[]) => outcomes.map(({ custom_id: id }) => id);
