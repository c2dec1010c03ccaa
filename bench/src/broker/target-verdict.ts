/** What a figure must keep to. */
export type Target = Readonly<{
  title: string;
  unit: string;
  limit: number;
  /** Less is better; else the limit is the least. */
  isAtMost: boolean;
  measured: number;
}>;

/** Met, or missed by how much; what could not be measured is missed. */
export function verdict({ limit, isAtMost, measured }: Target): string {
  if (isAtMost ? measured <= limit : measured >= limit) return 'met';
  if (!Number.isFinite(measured)) return 'not measured';
  const percent = Math.abs(measured / limit - 1) * 100;
  const by = percent >= 10 ? percent.toFixed(0) : percent.toFixed(1);
  return `**missed** by ${by} %`;
}
