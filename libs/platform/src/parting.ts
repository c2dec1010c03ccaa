import type { Socket } from 'node:net';
import { type FastifyInstance } from 'fastify';

/**
 * Lets a service that leaves wait for requests and for nothing else. By itself Node's server also waits for
 * connections on which nothing was ever sent, such as a pool opens ahead, and for those that answer their
 * last request meanwhile and are kept: either would hold the end up until the grace is over.
 */
export function partFromConnections(fastify: FastifyInstance): void {
  const { server } = fastify;
  const connections = new Set<Socket>();
  let isLeaving = false;
  server.on('connection', (socket: Socket) => {
    if (isLeaving) return socket.destroy();
    connections.add(socket);
    return socket.once('close', () => connections.delete(socket));
  });
  fastify.addHook('preClose', (done) => {
    isLeaving = true;
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    done();
  });
  fastify.addHook('onResponse', (_request, _reply, done) => {
    // Only once Node has put this connection among the idle ones.
    if (isLeaving) setImmediate(() => server.closeIdleConnections());
    done();
  });
}
