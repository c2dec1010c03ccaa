export { createDatabase, type ServiceName, type TestDatabase } from './fresh-database.js';
export { natsUrl } from './nats-url.js';
export { redisUrl } from './redis-url.js';
export { until } from './until.js';
