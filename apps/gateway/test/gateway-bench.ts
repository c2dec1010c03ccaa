import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type Admit,
  type CallableRoutes,
  type Candidate,
  type Checkpoint,
  type Extend,
  type Extended,
  type FindAnswer,
  type FoundAnswer,
  internalPaths,
  type KeepAnswer,
  type KeepCheckpoints,
  type Plan,
  type SeekAdvice,
  type Settle,
  type SettleAll,
  type SoughtAdvice,
  type Withdraw,
} from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { readConfig } from '@aisbf/platform';
import { createSecretToken } from '@aisbf/secrets';
import { type Loopback, listenOnLoopback, natsUrl, textOf, until } from '@aisbf/testkit';
import { gatewaySettings } from '../src/config.js';
import { startGateway } from '../src/gateway.js';

/** How a fake upstream treats one request. */
export type UpstreamScript = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

export type GatewayBench = Awaited<ReturnType<typeof openGateway>>;

/** A gateway on real sockets between fake upstreams and a fake router and accounts. */
export async function openGateway(environment: Readonly<Record<string, string>> = {}) {
  const peers = new FakePeers();
  const peerServer = await listenOnLoopback(
    createServer((request, response) => void peers.serve(request, response)),
  );
  const gateway = await startGateway(
    readConfig(gatewaySettings, {
      AISBF_INTERNAL_SECRET: 'a secret of this test only',
      AISBF_NATS_URL: await natsUrl(),
      // The upstreams of tests listen on loopback.
      AISBF_EGRESS_OPERATOR_INTERNAL: 'true',
      GATEWAY_HTTP_PORT: '0',
      GATEWAY_LOG_LEVEL: 'silent',
      GATEWAY_ROUTER_URL: peerServer.url,
      GATEWAY_ACCOUNTS_URL: peerServer.url,
      ...environment,
    }),
  );
  const upstreams: Loopback[] = [];
  const url = await gateway.app.getUrl();
  const apiToken = createSecretToken('aisbf').text;
  return {
    url,
    peers,
    gateway,
    apiToken,
    /** Sends a request as a buyer does. */
    buy: (
      body: unknown,
      init: RequestInit = {},
      path = '/v1/chat/completions',
    ): Promise<Response> =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      }),
    /** The report of the request that was admitted last. */
    settlement: (): Promise<Settle> => {
      const requestId = peers.admits.at(-1)?.requestId;
      return until(() => peers.settlements.find((report) => report.requestId === requestId));
    },
    /** A candidate whose server follows the script. */
    upstream: async (script: UpstreamScript): Promise<Candidate> => {
      const server = createServer((request, response) => {
        void textOf(request).then((body) => script(request, response, body));
      });
      const listening = await listenOnLoopback(server);
      upstreams.push(listening);
      return candidateAt(`${listening.url}/v1`);
    },
    close: async () => {
      await gateway.close();
      await Promise.all([...upstreams, peerServer].map(({ stop }) => stop()));
    },
  };
}

export function candidateAt(url: string): Candidate {
  return {
    kind: 'http',
    providerId: randomUUID(),
    providerLabel: 'seller/gpu',
    sellerOwnerId: randomUUID(),
    model: 'upstream-model',
    outputTokensHeld: 1_000,
    url,
    headers: { authorization: 'Bearer upstream-key' },
    isOfOperator: true,
  };
}

/** The router and accounts as far as the gateway can see them. */
class FakePeers {
  candidates: readonly Candidate[] = [];
  deadlines: Plan['deadlines'] = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000 };
  attemptsMax = 8;
  holdLifeMs = 60_000;
  hedge: Plan['hedge'];
  refusal: Fault | undefined;
  /** Admits as ever, but the connection breaks before its answer. */
  isAdmissionLost = false;
  isAccountsDown = false;
  readonly withdrawals: string[] = [];
  ticket: string | null = 'as the router has sealed it';
  /** What accounts say to a stream that needs more. */
  extend: (request: Extend) => Extended | Promise<Extended> = () => ({
    result: 'held',
    amount: '1',
  });
  readonly extensions: Extend[] = [];
  readonly checkpoints: Checkpoint[] = [];
  /** What accounts know of the next request's key. */
  found: FoundAnswer = { state: 'unknown' };
  /** Tokens that accounts take for revoked. */
  isTokenRevoked = false;
  readonly finds: FindAnswer[] = [];
  readonly kept: KeepAnswer[] = [];
  isKeepingNothing = false;
  receipt: object = {};
  /** What the token can call. */
  models: readonly Readonly<{ id: string }>[] = [{ id: 'p/m' }];
  /** What autoselects want to know of a prompt. */
  sought: readonly SoughtAdvice[] = [];
  isNotTelling = false;
  readonly seeks: SeekAdvice[] = [];
  routes: CallableRoutes = { providers: [], rotations: [], autoselects: [] };
  readonly admits: Admit[] = [];
  readonly settlements: Settle[] = [];

  /** As they are before anything is wrong with them. */
  restore(): void {
    this.deadlines = { firstByteMs: 5_000, idleMs: 5_000, totalMs: 10_000 };
    this.attemptsMax = 8;
    this.holdLifeMs = 60_000;
    this.hedge = undefined;
    this.isNotTelling = false;
    this.refusal = undefined;
    this.isAdmissionLost = false;
    this.isAccountsDown = false;
    this.isTokenRevoked = false;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    try {
      const answer = await this.answer(request.url ?? '', body === '' ? {} : JSON.parse(body));
      if (this.isAdmissionLost && request.url === internalPaths.routerAdmit) {
        request.socket.destroy();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ fault: error.toData() }));
    }
  }

  private answer(path: string, body: unknown): object | Promise<object> {
    if (path === internalPaths.routerAdmit) return this.admit(body as Admit);
    if (path === internalPaths.accountsSettle) return this.settle(body as Settle);
    if (path === internalPaths.accountsWithdraw) return this.withdraw(body as Withdraw);
    if (path === internalPaths.accountsSettleAll) {
      return { results: (body as SettleAll).settlements.map((one) => this.settle(one)) };
    }
    if (path === internalPaths.accountsExtend) {
      this.extensions.push(body as Extend);
      return this.extend(body as Extend);
    }
    if (path === internalPaths.accountsKeepCheckpoints) {
      const { checkpoints } = body as KeepCheckpoints;
      this.checkpoints.push(...checkpoints);
      return { results: checkpoints.map(() => 'kept') };
    }
    if (path === internalPaths.accountsFindAnswer) {
      this.finds.push(body as FindAnswer);
      return this.found;
    }
    if (path === internalPaths.accountsKeepAnswer) {
      if (this.isKeepingNothing) this.refuseAsDown();
      this.kept.push(body as KeepAnswer);
      return {};
    }
    if (path === internalPaths.accountsReceipt) return this.receipt;
    return this.look(path, body);
  }

  /** Questions that hold no money. */
  private look(path: string, body: unknown): object {
    if (path === internalPaths.routerModels) {
      const line = { ownedBy: 'seller', createdAtS: 1, prices: null };
      return { models: this.models.map((model) => ({ ...line, ...model })) };
    }
    if (path === internalPaths.routerSeekAdvice) {
      if (this.isNotTelling) this.refuseAsDown();
      this.seeks.push(body as SeekAdvice);
      return { autoselects: this.sought };
    }
    if (path === internalPaths.accountsIdentify) return this.identify();
    if (path === internalPaths.routerRoutes) return this.routes;
    return {};
  }

  private identify(): object {
    if (this.isTokenRevoked) {
      const message = 'revoked';
      throw new Fault({ code: 'API_TOKEN_INVALID', kind: 'unauthenticated', message, details: {} });
    }
    return {
      ...{ userId: randomUUID(), ownerId: randomUUID(), username: 'alice', role: 'member' },
      ...{ scopes: ['inference'], apiTokenId: randomUUID(), sessionId: null },
      ...{ limits: null, rules: null, expiresAtMs: null },
    };
  }

  private admit(admit: Admit): Plan {
    this.admits.push(admit);
    if (this.refusal) throw this.refusal;
    return {
      requestId: admit.requestId,
      holdEpoch: 1,
      holdAmount: '1000',
      ticket: this.ticket,
      holdExpiresAtMs: Date.now() + this.holdLifeMs,
      candidates: [...this.candidates],
      attemptsMax: this.attemptsMax,
      rejections: [],
      deadlines: this.deadlines,
      ...(this.hedge && { hedge: this.hedge }),
      buyerMark: 'somebody',
    };
  }

  private settle(settlement: Settle): object {
    this.requireAccounts();
    this.settlements.push(settlement);
    return { requestId: settlement.requestId, result: 'settled', charged: '1' };
  }

  private withdraw({ requestId }: Withdraw): object {
    this.requireAccounts();
    this.withdrawals.push(requestId);
    return { requestId, result: 'released' };
  }

  private requireAccounts(): void {
    if (this.isAccountsDown) this.refuseAsDown();
  }

  refuseAsDown(): never {
    throw new Fault({ code: 'DOWN', kind: 'unavailable', message: 'down', details: {} });
  }
}

export const chatRequest = { model: 'p/m', messages: [{ role: 'user', content: 'hello' }] };
export const streamRequest = { ...chatRequest, stream: true };

/** One chunk of a chat stream as an event. */
export function chunkEvent(delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices })}\n\n`;
}

export const done = 'data: [DONE]\n\n';

export const sse = { 'content-type': 'text/event-stream' };
export const json = { 'content-type': 'application/json' };

/** A whole answer that says `text`. */
export function completion(text: string, finishReason: string | null = 'stop'): string {
  const choices = [
    { index: 0, message: { role: 'assistant', content: text }, finish_reason: finishReason },
  ];
  const usage = { prompt_tokens: 1_000_000_000, completion_tokens: -1, total_tokens: 3 };
  return JSON.stringify({ id: 'c', object: 'chat.completion', choices, usage });
}

/** An upstream that answers as it should. */
export const sayFine: UpstreamScript = (_request, response) =>
  void response.writeHead(200, json).end(completion('fine'));

/** The same as a stream. */
export const streamFine: UpstreamScript = (_request, response) => {
  response.writeHead(200, sse);
  response.end(
    chunkEvent({ role: 'assistant', content: '' }) +
      chunkEvent({ content: 'fi' }) +
      chunkEvent({ content: 'ne' }, 'stop') +
      done,
  );
};
