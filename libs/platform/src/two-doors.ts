import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type GrpcServiceOptions, startGrpcService } from './grpc-service.js';
import { type HttpServiceOptions, startHttpService } from './http-service.js';

export type GrpcDoor = Pick<GrpcServiceOptions, 'proto' | 'service' | 'port'> &
  Readonly<{ handlersOf: (app: NestFastifyApplication) => GrpcServiceOptions['handlers'] }>;

/**
 * Opens one of our services to HTTP and, for other teams, to gRPC: same host, same secret, same log. Closing
 * ends the calls of other teams first, since they use what Nest then takes down.
 */
export async function startTwoDoors({ grpc, ...http }: HttpServiceOptions & { grpc: GrpcDoor }) {
  const { handlersOf, ...door } = grpc;
  const { host, internalSecret, log } = http;
  const app = await startHttpService(http);
  const handlers = handlersOf(app);
  const { port, close } = await startGrpcService({ ...door, handlers, host, internalSecret, log });
  return {
    app,
    grpcPort: port,
    close: async () => {
      await close();
      await app.close();
    },
  };
}
