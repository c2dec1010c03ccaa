/** Longer than any API token, and than the signed access token of a session. */
const lengthMax = 4_096;

const bearerHeader = new RegExp(String.raw`^Bearer\s+(\S{1,${lengthMax}})$`, 'i');

/** The token in an `authorization` header; undefined where there is none that could be one. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return bearerHeader.exec(authorization ?? '')?.[1];
}
