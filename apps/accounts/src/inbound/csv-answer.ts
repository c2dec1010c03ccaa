import { pipeline, Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify';

export type CsvColumns = readonly string[];

/**
 * A CSV file (RFC 4180, UTF-8) that is sent as it is read. A cell that a spreadsheet would take for a formula gets an
 * apostrophe in front. What is refused is refused before the first byte; what breaks later breaks the connection, so
 * that half a file is never taken for a whole one.
 */
export async function csvAnswer(
  name: string,
  columns: CsvColumns,
  lines: AsyncIterable<object>,
): Promise<StreamableFile> {
  const iterator = lines[Symbol.asyncIterator]();
  const first = await iterator.next();
  const file = stringify({
    header: true,
    columns: [...columns],
    record_delimiter: '\r\n',
    escape_formulas: true,
  });
  // Whoever sends the file hears of its errors from the file itself.
  pipeline(Readable.from(from(first, iterator)), file, () => undefined);
  return new StreamableFile(file, {
    type: 'text/csv; charset=utf-8; header=present',
    disposition: `attachment; filename="${name}.csv"`,
  });
}

async function* from(
  first: IteratorResult<object>,
  rest: AsyncIterator<object>,
): AsyncGenerator<object> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
