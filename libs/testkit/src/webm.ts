const blockMs = 20;
const clusterMs = 1_000;
/** Every number may be written so: a browser does not know how much is to come. */
const unknownSize = Buffer.from('01ffffffffffffff', 'hex');

/** Silence of so many seconds as a browser records it, in clusters of a second: nothing says in front how long it is. */
export function webm(seconds: number): Buffer<ArrayBuffer> {
  const clusters: Buffer[] = [];
  // In fractions of seconds there may be a hair more, which would be one block more.
  const lengthMs = Math.round(seconds * 1_000);
  for (let at = 0; at < lengthMs; at += clusterMs) {
    const endMs = Math.min(at + clusterMs, lengthMs);
    clusters.push(cluster(at, endMs));
  }
  const head = element('1a45dfa3', element('4282', Buffer.from('webm')));
  const segment = Buffer.concat([Buffer.from('18538067', 'hex'), unknownSize]);
  const track = Buffer.concat([
    ...[element('d7', Buffer.from([1])), element('83', Buffer.from([2]))],
    element('86', Buffer.from('A_OPUS')),
  ]);
  return Buffer.concat([
    ...[head, segment, element('1549a966', element('2ad7b1', Buffer.from('0f4240', 'hex')))],
    ...[element('1654ae6b', element('ae', track)), ...clusters],
  ]);
}

function cluster(fromMs: number, endMs: number): Buffer {
  const time = Buffer.alloc(4);
  time.writeUInt32BE(fromMs);
  const parts = [Buffer.from('1f43b675', 'hex'), unknownSize, element('e7', time)];
  for (let at = 0; fromMs + at < endMs; at += blockMs) {
    // Its track, when it begins in the cluster, that it stands by itself, and a frame of silence.
    const block = Buffer.from('8100008000fcfffe', 'hex');
    block.writeInt16BE(at, 1);
    parts.push(element('a3', block));
  }
  return Buffer.concat(parts);
}

function element(id: string, content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(0x10000000 + content.length);
  return Buffer.concat([Buffer.from(id, 'hex'), size, content]);
}
