/** Which receipts are meant. An empty model or provider means those that nobody served. */
export type ReceiptFilter = Readonly<{
  from?: string | undefined;
  to?: string | undefined;
  token?: string | undefined;
  model?: string | undefined;
  route?: string | undefined;
  provider?: string | undefined;
  outcome?: string | undefined;
}>;

/** A place in a list of receipts, the latest first: behind the one with this id, of this moment. */
export type ReceiptCursor = Readonly<{ micros: string; id: string }>;

export function cursorText({ micros, id }: ReceiptCursor): string {
  return `${micros}.${id}`;
}

/** Reads a cursor whose form its door has checked. */
export function parseCursor(text: string): ReceiptCursor {
  const [micros = '', id = ''] = text.split('.');
  return { micros, id };
}

const names = ['from', 'to', 'token', 'model', 'route', 'provider', 'outcome'] as const;

/** Where the receipts behind a figure are listed. */
export function linkTo(list: 'receipts' | 'sales', filter: ReceiptFilter): string {
  const query = new URLSearchParams(
    names.flatMap((name) => {
      const value = filter[name];
      return value === undefined ? [] : [[name, value] as [string, string]];
    }),
  );
  return `/api/account/${list}?${query}`;
}
