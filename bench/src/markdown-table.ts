export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

export function decimal(number: number): string {
  return Number.isFinite(number) ? number.toFixed(2) : '–';
}

export function whole(number: number): string {
  return Number.isFinite(number) ? Math.round(number).toLocaleString('en-US') : '–';
}
