import { z } from 'zod';
import type { RestRoute } from './rest-route.js';

/** OpenAI's Realtime API, as far as it is HTTP. What follows is the API's own events, both ways. */
export const realtimeRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/v1/realtime',
    operationId: 'openRealtimeSession',
    summary: 'Talk with a model over a WebSocket',
    description:
      'A WebSocket upgrade; refusals come before it, with the error object. Browsers, whose WebSockets have no headers, offer the subprotocols `realtime` and `openai-insecure-api-key.{token}`.',
    credential: 'inference',
    query: z.strictObject({
      model: z.string().min(1).max(512).describe('A route, as in a chat completion.'),
    }),
    answer: { status: 101 },
  },
];
