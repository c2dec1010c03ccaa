import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback, textOf } from '@aisbf/testkit';

export type ProbedCall = Readonly<{
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}>;

/** How it answers: a status of its own, or well; `hang` never. */
type Manner = number | 'well' | 'hang';

/** A hosted API, or a broker in front of workers, that tells of its calls and does what a test wants. */
export async function startProbedUpstream(models: readonly string[] = ['m']) {
  const calls: ProbedCall[] = [];
  const manner: { list: Manner; completion: Manner; headers: Record<string, string> } = {
    list: 'well',
    completion: 'well',
    headers: {},
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await textOf(request);
    const { method = '', url: path = '', headers } = request;
    calls.push({ method, path, headers, body: text === '' ? {} : JSON.parse(text) });
    const isList = path.endsWith('/models');
    const how = isList ? manner.list : manner.completion;
    if (how === 'hang') return;
    if (how !== 'well') {
      response.writeHead(how, { 'content-type': 'application/json', ...manner.headers });
      response.end('{"error":{"message":"as the test wants it"}}');
      return;
    }
    if (isList) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id })) }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (choice: object) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
    response.write(chunk({ index: 0, delta: { content: 'OK' }, finish_reason: null }));
    response.end(`${chunk({ index: 0, delta: {}, finish_reason: 'length' })}data: [DONE]\n\n`);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  let open = await listenOnLoopback(server);
  server.unref();

  return {
    url: `${open.url}/v1`,
    origin: open.url,
    calls,
    manner,
    lists: () => calls.filter(({ path }) => path.endsWith('/models')),
    completions: () => calls.filter(({ path }) => path.endsWith('/chat/completions')),
    /** Nobody listens any more. */
    die: () => open.stop(),
    /** Somebody does again, at the same place. */
    comeBack: async () => {
      open = await listenOnLoopback(server, open.port);
    },
  };
}

export type ProbedUpstream = Awaited<ReturnType<typeof startProbedUpstream>>;
