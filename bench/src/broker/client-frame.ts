const first = { text: 0x81, binary: 0x82 } as const;
const masked = 0x80;
const maskLength = 4;

/**
 * What stands before the payload of a client's WebSocket frame. Clients must mask; a mask of zeros leaves
 * the payload as it is, and the server unmasks it like any other, so that a load generator on few cores need
 * not touch each byte.
 */
export function frameHead(kind: keyof typeof first, length: number): Buffer {
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes + maskLength);
  head[0] = first[kind];
  if (lengthBytes === 0) {
    head[1] = masked | length;
  } else if (lengthBytes === 2) {
    head[1] = masked | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = masked | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return head;
}

export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([frameHead('text', payload.length), payload]);
}
