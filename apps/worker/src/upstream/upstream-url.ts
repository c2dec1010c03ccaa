/**
 * The base to which paths such as `chat/completions` are added. Sellers give it with or without `/v1`; a
 * path that names a version of its own (`/v1beta/openai`) is left as it is.
 */
export function upstreamBase(url: string): URL {
  const base = new URL(url);
  const path = base.pathname.replace(/\/+$/, '');
  base.pathname = /\/v\d/.test(path) ? `${path}/` : `${path}/v1/`;
  return base;
}
