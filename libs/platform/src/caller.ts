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
import { bearerOf } from './bearer.js';

const scopeMetadata = 'aisbf:scope';

/** Who knows what an API token is good for. Each service has its own way to find out. */
export abstract class CallerCheck {
  /** The token's principal, if it may do this from there; a fault otherwise, and without a token. */
  abstract require(
    token: string | undefined,
    scope: Scope,
    address: string | null,
  ): Promise<Principal>;
}

/** The scope that a management call, or every call of a controller, needs. */
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

/** Lets a call through that carries an API token with the scope it requires. Stands before every route. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly check: CallerCheck,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.getAllAndOverride<Scope | undefined>(scopeMetadata, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (scope === undefined) return true;
    const request = context.switchToHttp().getRequest<CalledRequest>();
    const token = bearerOf(request.headers.authorization);
    request.principal = await this.check.require(token, scope, request.ip);
    return true;
  }
}
