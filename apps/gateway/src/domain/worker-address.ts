/** Areas below `/v1` in which workers keep what they have made. */
const fileAreas: ReadonlySet<string> = new Set([
  ...['files', 'images', 'audio', 'video', 'videos', 'pipelines'],
]);
const part = /^(?!\.+$)[\w.~@-]+$/;
const pathLengthMax = 256;
const queryLengthMax = 512;
/** Names that mean something within one house only. */
const houseNames =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa)$/;

/**
 * Whether an address is that of a machine that nobody outside of its house reaches, or that it is nobody's business to
 * know: names of the house, and bare numbers, which no host of files on the open net goes by.
 */
export function isOfWorker(hostname: string): boolean {
  const host = hostname
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  const isNumber = host.includes(':') || /^[\d.]+$/.test(host);
  return isNumber || !host.includes('.') || houseNames.test(host);
}

/** What can be asked of a worker for a URL of its own, below `/v1`; undefined where nothing can. */
export function fileTarget({ pathname, search }: URL): string | undefined {
  const [root, version, area = '', ...rest] = pathname.split('/');
  const isFile = root === '' && version === 'v1' && fileAreas.has(area) && rest.length > 0;
  const isShort = pathname.length <= pathLengthMax && search.length <= queryLengthMax;
  if (!isFile || !isShort || !rest.every((one) => part.test(one))) return undefined;
  return pathname.slice('/v1'.length) + search;
}

/** The same for a path without a host. In other areas than that of files it must look like one: the rest are calls. */
export function relativeTarget(text: string): string | undefined {
  const path = /^\/?(v1\/(?:files\/\S+|\S+\.[a-z0-9]{2,5}(?:\?\S*)?))$/i.exec(text)?.[1];
  if (path === undefined || path.length > pathLengthMax + queryLengthMax) return undefined;
  const url = URL.parse(`/${path}`, 'http://worker');
  // What is not written as it is read means something else to somebody.
  return url && `/${path}`.startsWith(url.pathname) ? fileTarget(url) : undefined;
}
