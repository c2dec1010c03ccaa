/** OpenAI's error object, as every client library reads it. */
export type OpenAiError = Readonly<{
  error: Readonly<{ message: string; type: string; param: string | null; code: string }>;
}>;

export function openAiError(
  type: string,
  code: string,
  message: string,
  param: string | null = null,
): OpenAiError {
  return { error: { message, type, param, code } };
}
