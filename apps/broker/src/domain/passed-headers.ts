/** All that every worker may learn of a request's headers: nothing in them names the buyer. */
const always = ['accept', 'content-type', 'range', 'traceparent', 'x-request-id'];
/** Nobody may let these through: they are the buyer's secrets, our own, or the connection's. */
const never =
  /^(?:authorization|cookie|set-cookie|x-api-key|api-key|host|via|forwarded|x-forwarded-.*|x-real-ip|x-aisbf-.*|x-coderai-.*|proxy-.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding)$/;
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const headersMax = 32;
const headerLengthMax = 512;

/** Reads the operator's list; the text is a mistake, where there is one. */
export function readHeaderList(text: string): readonly string[] | string {
  const names = text
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const bad = names.find((name) => !headerName.test(name) || never.test(name));
  if (bad !== undefined) return `must not let ${JSON.stringify(bad)} through to workers`;
  return names.length > headersMax ? `must not have more than ${headersMax} names` : names;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What goes along with a request, by a list that `readHeaderList` has read. */
export function passedHeaders(
  headers: Headers,
  allowed: readonly string[],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of [...always, ...allowed]) {
    const value = headers[name];
    if (typeof value === 'string' && value.length <= headerLengthMax) found[name] = value;
  }
  return found;
}
