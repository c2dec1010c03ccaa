import type { EdgeTarget } from '../src/edge-route.js';

/** What both edges of ours must make of a path: the start command's own, and the one of the compose file. */

/** Paths that lead somewhere, and where to. */
export const openPaths: readonly (readonly [path: string, target: EdgeTarget])[] = [
  ['/v1/chat/completions', 'gateway'],
  ['/v1/models?limit=1', 'gateway'],
  ['/v1/models/seller%2Fllama', 'gateway'],
  ['/api/v1/chat/completions', 'gateway'],
  ['/api/u/ada/v1/models', 'gateway'],
  ['/api/u/ada/chat/completions', 'gateway'],
  ['/openapi.json', 'gateway'],
  ['/api/coderai/register?token=x', 'broker'],
  ['/api/u/ada/coderai/ws', 'broker'],
  ['/api/u/ada/coderai/wss', 'broker'],
  ['/api/account/balance', 'accounts'],
  ['/api/account', 'accounts'],
  ['/api/catalog/providers', 'router'],
  ['/v1/chat?next=/../internal', 'gateway'],
  ['/api/box/chat/completions', 'gateway'],
  ['/api/box/v1/models', 'gateway'],
  ['/api/box/models/box%2Fllama', 'gateway'],
  ['/api/box/v1/models/org%2Fllama', 'gateway'],
  ['/api/rotations/v1/chat/completions', 'gateway'],
  ['/api/autoselect/models/autoselect%2Ffast', 'gateway'],
  ['/api/u/ada/box/chat/completions', 'gateway'],
  ['/api/u/ada/box/v1/models/box%2Fllama', 'gateway'],
  ['/api/u/ada/rotations/models', 'gateway'],
  ['/api/accounting/models', 'gateway'],
  ['/api/users/models', 'gateway'],
  ['/api/tags', 'gateway'],
  ['/api/version?format=json', 'gateway'],
  ['/api/u/ada/tags', 'gateway'],
];

/** Paths of which the outside is told that there is nothing. */
export const missingPaths: readonly string[] = [
  '/internal/v1/settle',
  '/metrics',
  '/healthz',
  '/readyz',
  '/v1internal',
  '/api/accounting',
  '/api/box',
  '/api/box/',
  '/api/rotations',
  '/api/tags/',
  '/api/versions',
  '/api/u/',
  '/api/u/ada/',
  '/api/u/ada',
  '/favicon.ico',
  '/api',
];

/** Paths that two parsers could read differently, most of them made to reach what is missing above. */
export const hostilePaths: readonly string[] = [
  '/v1/../internal/v1/settle',
  '/v1/./models',
  '/v1/%2e%2e/internal',
  '/v1/.%2E/internal',
  '/v1/..%2finternal',
  '/v1%2F..%2finternal',
  '/v1/x%2Finternal',
  '/v1/models/..%2f..%2Finternal',
  '/v1/models/%252e%252e/internal',
  '/v1/models/..\\internal',
  '/v1/%5c..%5cinternal',
  '/v1//internal',
  '//internal/v1',
  '/api/u//v1x',
  '/api//box/models',
  '/api/box%2Fmodels/x',
  '/api/box/chat%2Fcompletions',
  '/api/box%2Fv1/models/x',
  '/api/u%2Fada/models/x',
  '/api/u/ada%2Fbox/models/x',
  '/api/box/models/..%2f..%2Finternal',
  '/api/box/../internal/v1/settle',
  '/api/catalog/models/x%2Finternal',
  '/api/account/models/x%2Finternal',
  '/api/coderai/models/x%2Finternal',
  '/api/u/ada/coderai/models/x%2Finternal',
  '/v1/..;/internal',
  '/v1/%00',
  '/v1/%zz',
  '/v1/#/../internal',
  'http://127.0.0.1/internal/v1/settle',
  '*',
];

/** Paths at which a WebSocket may be opened, and with whom. */
export const socketPaths: readonly (readonly [path: string, target: EdgeTarget])[] = [
  ['/api/coderai/wss', 'broker'],
  ['/api/u/ada/coderai/wss?token=x', 'broker'],
  ['/v1/realtime?model=box/talk', 'gateway'],
  ['/api/v1/realtime', 'gateway'],
  ['/api/u/ada/realtime', 'gateway'],
  ['/api/u/ada/box/v1/realtime', 'gateway'],
  ['/api/box/realtime', 'gateway'],
];

/** And some where none may. */
export const noSocketPaths: readonly string[] = [
  '/',
  '/v1/models',
  '/v1/realtime/',
  '/v1/realtime/calls',
  '/v1/models?then=/realtime',
  '/api/account/realtime',
  '/api/catalog/realtime',
  '/metrics',
];
