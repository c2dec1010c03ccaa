import { connect } from 'node:net';

/** A server that has accepted a connection answers within this. */
const answerMs = 2_000;
/** A greeting is one line; NATS's is the longest with a few hundred bytes. */
const bytesMax = 64 * 1024;

/**
 * Connects, says `hello` if there is anything to say, and returns the first line that comes back. Enough
 * to know that a Redis or NATS is up, without its client library.
 */
export function firstLine(port: number, hello = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = '';
    socket.setEncoding('utf8');
    socket.setTimeout(answerMs, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => {
      if (hello !== '') socket.write(hello);
    });
    socket.on('data', (text: string) => {
      received += text;
      const end = received.indexOf('\r\n');
      if (end < 0 && received.length < bytesMax) return;
      socket.destroy();
      resolve(received.slice(0, Math.max(end, 0)));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
}
