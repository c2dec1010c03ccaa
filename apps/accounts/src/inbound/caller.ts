import type { Principal, Scope } from '@aisbf/contracts';
import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Identity } from '../services/identity.js';

const scopeMetadata = 'aisbf:scope';

/** The scope that a management call needs. */
export const Requires = (scope: Scope) => SetMetadata(scopeMetadata, scope);

type CalledRequest = FastifyRequest & { principal?: Principal };

/** Who is calling, as the guard found out. */
export const Caller = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal => {
    const { principal } = context.switchToHttp().getRequest<CalledRequest>();
    if (!principal) throw new Error('a route that wants its caller must require a scope');
    return principal;
  },
);

/** Lets a call through that carries an API token with the scope it requires. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly identity: Identity,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.get<Scope | undefined>(scopeMetadata, context.getHandler());
    if (scope === undefined) return true;
    const request = context.switchToHttp().getRequest<CalledRequest>();
    request.principal = await this.identity.require(bearerOf(request), scope);
    return true;
  }
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (\S{1,256})$/i.exec(request.headers.authorization ?? '')?.[1];
}
