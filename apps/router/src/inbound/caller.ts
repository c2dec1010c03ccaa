import type { Principal } from '@aisbf/contracts';
import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Principals } from '../services/principals.js';

type CalledRequest = FastifyRequest & { principal?: Principal };

/** Who is calling, as the guard found out. */
export const Caller = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal => {
    const { principal } = context.switchToHttp().getRequest<CalledRequest>();
    if (!principal) throw new Error('a controller that wants its caller must be guarded');
    return principal;
  },
);

/** Lets a call through that carries an API token for managing. */
@Injectable()
export class ManagerGuard implements CanActivate {
  constructor(private readonly principals: Principals) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<CalledRequest>();
    request.principal = await this.principals.require(bearerOf(request), 'manage');
    return true;
  }
}

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (\S{1,256})$/i.exec(request.headers.authorization ?? '')?.[1];
}
