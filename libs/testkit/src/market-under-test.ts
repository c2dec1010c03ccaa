import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CreatedApiToken, Receipt, type Scope, type TokenLimits } from '@aisbf/contracts';
import {
  asOperator,
  type Management,
  type Market,
  type MarketOptions,
  startMarket,
  startWorker,
  type TokenPrices,
  throwAwayFolder,
  type WorkerProcess,
} from '@aisbf/one-machine';
import { Pool } from 'pg';
import { z } from 'zod';
import { createDatabase } from './fresh-database.js';
import { natsUrl } from './nats-url.js';
import { redisUrl } from './redis-url.js';
import { until } from './until.js';
