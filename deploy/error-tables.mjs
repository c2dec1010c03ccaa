/** The tables of `docs/errors.md`, made from the services' catalogues of faults. */
import { faults as accounts } from '../apps/accounts/dist/domain/faults.js';
import { brokerFaults as broker } from '../apps/broker/dist/domain/broker-faults.js';
import { faults as gateway } from '../apps/gateway/dist/domain/faults.js';
import { errorAnswer } from '../apps/gateway/dist/inbound/openai-error.js';
import { faults as router } from '../apps/router/dist/domain/faults.js';
import { accessFaults as access } from '../libs/access/dist/index.js';
import { httpStatusByKind, isRetryable } from '../libs/faults/dist/index.js';
import { platformFaults as platform } from '../libs/platform/dist/index.js';

/** What the other services say to a buyer through the gateway. The rest of their faults are for managers. */
const heardByBuyers = {
  access: ['SCOPE_MISSING', 'ADDRESS_NOT_ALLOWED', 'USER_FOREIGN'],
  router: [
    'ROUTE_NOT_ALLOWED',
    'MODEL_NOT_FOUND',
    'PRIVACY_UNMET',
    'SELECTION_EMPTY',
    'ROUTE_AMBIGUOUS',
    'REQUEST_TOO_LARGE',
    'PRICE_ABOVE_MAX',
    'WISHES_UNMET',
    'NO_CANDIDATE',
    'RATE_LIMIT_EXCEEDED',
    'LIMITS_UNAVAILABLE',
    'CATALOGUE_NOT_LOADED',
  ],
  accounts: [
    'INSUFFICIENT_BALANCE',
    'HELD_BY_OTHER_REQUESTS',
    'BUDGET_EXCEEDED',
    'CONCURRENCY_EXCEEDED',
    'HOLD_PARAMETERS_DIFFER',
    'RECEIPT_MISSING',
  ],
  platform: ['BODY_TOO_LARGE', 'REQUEST_INVALID', 'PEER_UNREACHABLE', 'PEER_ANSWER_INVALID'],
};
const catalogues = { gateway, router, accounts, broker, access, platform };

export function errorTables() {
  return `# Error codes

Made from the code by \`npm run generate\`: do not edit. What they mean for a client is told in [api.md](api.md).

## The buyers' API (\`/v1\`)

${table(buyersRows())}

## The management APIs (\`/api/account\`, \`/api/catalog\`, \`/api/coderai\`)

Some of these are only ever told to other services of the market.

${['accounts', 'router', 'broker', 'access', 'platform'].map((name) => `### ${name}\n\n${table(rowsOf(name))}`).join('\n\n')}
`;
}

function buyersRows() {
  const faults = [
    ...Object.values(gateway),
    ...Object.entries(heardByBuyers).flatMap(([name, codes]) =>
      codes.map((code) => catalogues[name][code]),
    ),
  ].map((make) => make());
  return faults.map((fault) => {
    const { status, headers, body } = errorAnswer(fault);
    return [body.error.code, status, headers['x-should-retry'], fault.message];
  });
}

function rowsOf(name) {
  return Object.values(catalogues[name]).map((make) => {
    const { code, kind, message } = make();
    return [code.toLowerCase(), httpStatusByKind[kind], isRetryable(kind), message];
  });
}

function table(rows) {
  const lines = rows
    .sort(([left, leftStatus], [right, rightStatus]) =>
      leftStatus === rightStatus ? (left < right ? -1 : 1) : leftStatus - rightStatus,
    )
    .map(([code, status, retry, message]) => `| \`${code}\` | ${status} | ${retry} | ${message} |`);
  const unique = [...new Set(lines)];
  return ['| code | status | `x-should-retry` | |', '|---|---|---|---|', ...unique].join('\n');
}
