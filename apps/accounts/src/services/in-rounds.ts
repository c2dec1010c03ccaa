/** Does work in rounds of at most so many, until one of them finds less to do than that. */
export async function inRounds(
  limit: number,
  round: (limit: number) => Promise<number>,
): Promise<void> {
  for (let count = limit; count >= limit; ) count = await round(limit);
}
