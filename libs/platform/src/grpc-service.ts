import { timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { internalHeaders } from '@aisbf/contracts';
import { type Fault, type FaultKind } from '@aisbf/faults';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { faultOf } from './fault-filter.js';
import { type Log } from './log.js';
import { platformFaults } from './platform-faults.js';

/** One method: the same use case that the HTTP door calls. */
export type GrpcHandler = (request: Record<string, unknown>) => Promise<object>;

export type GrpcServiceOptions = Readonly<{
  /** The file's name in the contracts' `proto` folder, as `accounts.proto`. */
  proto: string;
  /** The full name, as `aisbf.accounts.v1.Accounts`. */
  service: string;
  handlers: Readonly<Record<string, GrpcHandler>>;
  host: string;
  port: number;
  internalSecret: string;
  log: Log;
}>;

const statusByKind = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  exhausted: status.FAILED_PRECONDITION,
  forbidden: status.PERMISSION_DENIED,
  missing: status.NOT_FOUND,
  conflict: status.ABORTED,
  oversized: status.OUT_OF_RANGE,
  unprocessable: status.INVALID_ARGUMENT,
  throttled: status.RESOURCE_EXHAUSTED,
  unsupported: status.UNIMPLEMENTED,
  upstream: status.UNAVAILABLE,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
} as const satisfies Record<FaultKind, status>;

/** Offers handlers to other teams over gRPC. Gives the port and a way to close. */
export async function startGrpcService(options: GrpcServiceOptions) {
  const definition = loadSync(
    fileURLToPath(import.meta.resolve(`@aisbf/contracts/proto/${options.proto}`)),
    {
      keepCase: true,
      longs: Number,
      enums: String,
      defaults: false,
      arrays: true,
      oneofs: false,
    },
  );
  const server = new Server({ 'grpc.max_receive_message_length': 4 * 1024 * 1024 });
  server.addService(
    definition[options.service] as ServiceDefinition,
    Object.fromEntries(
      Object.entries(options.handlers).map(([name, handler]) => [name, unary(handler, options)]),
    ),
  );
  const bind = Promise.withResolvers<number>();
  server.bindAsync(
    `${options.host}:${options.port}`,
    ServerCredentials.createInsecure(),
    (error, port) => (error ? bind.reject(error) : bind.resolve(port)),
  );
  const port = await bind.promise;
  return {
    port,
    close: () =>
      new Promise<void>((resolve, reject) => {
        server.tryShutdown((error) => (error ? reject(error) : resolve()));
      }),
  };
}

function unary(handler: GrpcHandler, { internalSecret, log }: GrpcServiceOptions) {
  const expected = Buffer.from(internalSecret);
  return (
    call: ServerUnaryCall<Record<string, unknown>, object>,
    answer: sendUnaryData<object>,
  ) => {
    const given = Buffer.from(String(call.metadata.get(internalHeaders.secret)[0] ?? ''));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      answer(grpcError(platformFaults.INTERNAL_SECRET_WRONG()));
      return;
    }
    // A handler that throws before it waits has refused just the same.
    const run = async () => handler(call.request);
    run().then(
      (value) => answer(null, value),
      (thrown: unknown) => {
        const fault = faultOf(thrown);
        if (!fault) log.error({ error: thrown }, 'a bug');
        answer(fault ? grpcError(fault) : { code: status.INTERNAL, details: 'internal error' });
      },
    );
  };
}

function grpcError(fault: Fault) {
  const metadata = new Metadata();
  metadata.set('fault', JSON.stringify(fault.toData()));
  return { code: statusByKind[fault.kind], details: `${fault.code}: ${fault.message}`, metadata };
}
