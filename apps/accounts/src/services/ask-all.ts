/** Asks a provider for several things at once. One without an answer keeps nobody else from being asked for. */
export async function askAll(asked: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(asked);
  const reasons = results
    .filter((result): result is PromiseRejectedResult => result.status === 'rejected')
    .map(({ reason }) => reason as unknown);
  if (reasons.length === 0) return;
  throw new AggregateError(reasons, `${reasons.length} of ${results.length} have no answer`);
}
