import type { OpenAiEndpoint } from '@aisbf/contracts';
import type { TokenPrices } from '@aisbf/one-machine';
import type { FakeUpstream, MarketUnderTest, TestBuyer } from '@aisbf/testkit';

type Parties = Readonly<{ market: MarketUnderTest; upstream: FakeUpstream; buyer: TestBuyer }>;

/** What has an API of its own beside chat: workers say it by their paths, hosted providers by the endpoint's name. */
export type NativeApi = Readonly<{ workerPaths: string; endpoint: OpenAiEndpoint }>;

/**
 * Puts `say` on sale at workers and at hosted providers, at one of each that only chats (`sams`, `hosted`) and at one that has
 * the other API itself (`toms`, `native`).
 */
export async function sellBothWays(
  { market, upstream, buyer }: Parties,
  native: NativeApi,
  prices: TokenPrices,
): Promise<void> {
  const [plain, able] = [
    await market.shop('sam', 'sams', ['say'], prices),
    await market.shop('tom', 'toms', ['say'], prices),
  ];
  await market.worker(plain, 'plain', { upstreamUrl: upstream.url });
  await market.worker(able, 'able', {
    upstreamUrl: upstream.url,
    env: { WORKER_ENDPOINTS: native.workerPaths },
  });
  const { operator } = market;
  for (const [name, endpoints] of [['hosted'], ['native', [native.endpoint]]] as const) {
    const id = await operator.createHttpProvider(name, upstream.url, ['say'], endpoints);
    await operator.putListing(id, 'say', prices);
  }
  await market.untilBuyable(buyer, 'sams/say', 'toms/say', 'hosted/say', 'native/say');
}
