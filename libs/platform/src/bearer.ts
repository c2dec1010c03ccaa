/** Longer than any token that we have ever given out. */
const lengthMax = 256;

const bearerHeader = new RegExp(String.raw`^Bearer\s+(\S{1,${lengthMax}})$`, 'i');

/** The token in an `authorization` header; undefined where there is none that could be one. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return bearerHeader.exec(authorization ?? '')?.[1];
}
