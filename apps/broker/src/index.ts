export { startBroker } from './broker.js';
export { type BrokerSettings, brokerSettings } from './config.js';
