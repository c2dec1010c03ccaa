import { join } from 'node:path';
import { findFreePorts, type Market, type Service, startService } from '@aisbf/one-machine';

/** One more instance of a market's broker, on the same bus: gateways find it by its presence. */
export async function startAnotherBroker(market: Market): Promise<Service> {
  const [port = 0, grpcPort = 0] = await findFreePorts(2);
  return startService({
    name: 'broker',
    dataDir: join(market.dataDir, `broker-${port}`),
    env: {
      ...market.environment('broker'),
      BROKER_HTTP_PORT: String(port),
      BROKER_GRPC_PORT: String(grpcPort),
      BROKER_ADVERTISED_URL: `http://127.0.0.1:${port}`,
    },
  });
}
