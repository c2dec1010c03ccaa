import { defineConfig } from 'prisma/config';

/** What Prisma's own tools need to know; the services get their connection from their configuration. */
export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
});
