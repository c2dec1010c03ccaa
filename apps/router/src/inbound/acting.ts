import type { Principal } from '@aisbf/contracts';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '../domain/act.js';

/** Who does it and from where, for what is written down. */
export const Acting = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const request = context.switchToHttp().getRequest<FastifyRequest & { principal?: Principal }>();
  if (!request.principal) throw new Error('a route that wants its actor must require a scope');
  return { ...request.principal, address: request.ip };
});
