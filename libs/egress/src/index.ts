export type { AddressLookup } from './address-lookup.js';
export { EgressAgents, type EgressWay } from './egress-agents.js';
export { targetRefusal } from './egress-policy.js';
export { EgressRefused } from './egress-refused.js';
export { type EgressPolicies, egressPolicies, egressSettings } from './egress-settings.js';
export { type EgressConnectors, egressConnectors } from './guarded-connector.js';
