import type { Attempt, Candidate } from '@aisbf/contracts';

/** What goes into one header at most: proxies in front of a buyer take 4 or 8 KiB of all of them. */
const noticeBytesMax = 1_024;

type Failed = Pick<Attempt, 'position' | 'reason'>;

/**
 * Who was asked before the one that serves, and why that came to nothing: `sam/box;reason=timeout, eva/rig;reason=cut`.
 * The first of them, as many as there is room for; undefined where nobody was.
 */
export function fallbackNotice(
  attempts: readonly Failed[],
  candidates: readonly Pick<Candidate, 'providerLabel'>[],
): string | undefined {
  let notice = '';
  for (const { position, reason } of attempts) {
    const provider = candidates[position]?.providerLabel;
    if (provider === undefined || reason === null) continue;
    const longer = `${notice}${notice && ', '}${headerText(provider)};reason=${reason}`;
    if (longer.length > noticeBytesMax) break;
    notice = longer;
  }
  return notice === '' ? undefined : notice;
}

/** Text that a header can carry: what is not plain ASCII is written as in an address. */
export function headerText(text: string): string {
  return text.toWellFormed().replaceAll(/[^!-~]/gu, encodeURIComponent);
}
