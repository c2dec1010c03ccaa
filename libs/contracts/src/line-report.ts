import { Settle } from './ledger.js';

/**
 * What became of a line of a batch: its sealed outcome, and how its request ended where money was held for it. They come
 * in one piece, since both count or neither does: the settlement's length in four bytes, its JSON, and the outcome.
 */
export type LineReport = Readonly<{ settlement: Settle | null; sealed: Uint8Array }>;

const lengthBytes = 4;

export function toLineReportBytes({ settlement, sealed }: LineReport): Uint8Array {
  const json = new TextEncoder().encode(settlement ? JSON.stringify(settlement) : '');
  const bytes = new Uint8Array(lengthBytes + json.length + sealed.length);
  new DataView(bytes.buffer).setUint32(0, json.length);
  bytes.set(json, lengthBytes);
  bytes.set(sealed, lengthBytes + json.length);
  return bytes;
}

/** Undefined where it is none. */
export function fromLineReportBytes(bytes: Uint8Array): LineReport | undefined {
  if (bytes.length < lengthBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sealedAt = lengthBytes + view.getUint32(0);
  if (sealedAt >= bytes.length) return undefined;
  const sealed = bytes.subarray(sealedAt);
  if (sealedAt === lengthBytes) return { settlement: null, sealed };
  const settlement = Settle.safeParse(parsed(bytes.subarray(lengthBytes, sealedAt)));
  return settlement.success ? { settlement: settlement.data, sealed } : undefined;
}

function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
}
