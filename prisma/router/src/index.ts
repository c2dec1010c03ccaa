import { PrismaPg } from '@prisma/adapter-pg';

export { Prisma, PrismaClient } from './generated/client.js';

/** How the router's own role connects. */
export function prismaOptions(url: string, connectionsMax: number) {
  // Prisma writes the schema into its statements and would say `public`.
  const adapter = new PrismaPg(
    { connectionString: url, max: connectionsMax },
    { schema: 'router' },
  );
  return { adapter };
}
