/** An error as OpenAI's clients expect it, with the status it is sent under. */
export type EngineError = Readonly<{
  status: number;
  type: 'invalid_request_error' | 'server_error';
  code: string | null;
  param: string | null;
  message: string;
}>;

export function toErrorBody({ message, type, param, code }: EngineError): string {
  return JSON.stringify({ error: { message, type, param, code } });
}
