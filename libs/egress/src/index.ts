export { type AddressKind, addressKind } from './address-kind.js';
export type { AddressLookup } from './address-lookup.js';
export { EgressAgents, type EgressAgentsOptions, type EgressWay } from './egress-agents.js';
export { type EgressPolicy, type EgressTarget, targetRefusal } from './egress-policy.js';
export { type EgressRefusal, EgressRefused, egressRefusals } from './egress-refused.js';
export {
  type EgressPolicies,
  type EgressSettings,
  egressPolicies,
  egressSettings,
} from './egress-settings.js';
export { type GuardedConnectorOptions, guardedConnector } from './guarded-connector.js';
