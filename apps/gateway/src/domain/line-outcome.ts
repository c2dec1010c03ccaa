/** What became of a line that was asked of somebody. */
type Answered = Readonly<{
  customId: string;
  requestId: string;
  status: number;
  /** JSON, as it was given. */
  body: string;
}>;

/** As OpenAI writes it, on one line: a text of JSON has line breaks between its parts only. */
export function answeredLine({ customId, requestId, status, body }: Answered): string {
  const response = `{"status_code":${status},"request_id":${JSON.stringify(requestId)},"body":${body.replaceAll(/[\r\n]+/g, ' ')}}`;
  return `{"id":${JSON.stringify(lineId(requestId))},"custom_id":${JSON.stringify(customId)},"response":${response},"error":null}`;
}

/** A line that nobody was asked for. */
export function unaskedLine(
  requestId: string,
  customId: string,
  error: Readonly<{ code: string; message: string }>,
): string {
  return JSON.stringify({ id: lineId(requestId), custom_id: customId, response: null, error });
}

function lineId(requestId: string): string {
  return requestId.replace(/^req_/, 'batch_req_');
}
