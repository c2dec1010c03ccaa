/** What browsers show and never run. */
const shown = /^(?:image\/(?:png|jpe?g|gif|webp|avif|bmp)|(?:audio|video)\/[\w.-]+)$/;
/** What they put away as what it is. */
const kept = /^(?:application\/(?:json|pdf|zip|gzip)|text\/(?:plain|csv|vtt)|model\/[\w.-]+)$/;

/**
 * The headers under which a stranger's file is given out: whatever it says that it is, no browser takes it for a page or a
 * program of ours.
 */
export function safeFileHeaders(
  contentType: string,
  disposition: string | undefined,
): Readonly<Record<string, string>> {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  const isShown = shown.test(type);
  const [name = ''] = /filename\*=UTF-8''[\w.~%!()*-]{1,512}/i.exec(disposition ?? '') ?? [];
  return {
    'content-type': isShown || kept.test(type) ? type : 'application/octet-stream',
    'content-disposition': `${isShown ? 'inline' : 'attachment'}${name === '' ? '' : `; ${name}`}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'cross-origin',
  };
}
