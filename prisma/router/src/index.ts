import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.js';

export { Prisma } from './generated/client.js';

/** The router's tables. Only the router's outbound layer may hold one. */
export type RouterDatabase = PrismaClient;

/** Connects lazily, as the router's own role; the role's search path names the schema. */
export function openRouterDatabase(url: string, connectionsMax: number): RouterDatabase {
  return new PrismaClient({
    adapter: new PrismaPg({ connectionString: url, max: connectionsMax }),
  });
}
