import { requireOwnPath } from '@aisbf/access';
import { GetOwner, GetReceipt, Identify } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Identity } from '../services/identity.js';
import { Statements } from '../services/statements.js';
import { Users } from '../services/users.js';

/** What our own services ask about people and their requests. */
@Controller('internal/v1')
export class InternalController {
  constructor(
    private readonly identity: Identity,
    private readonly users: Users,
    private readonly statements: Statements,
  ) {}

  @Post('identify')
  @HttpCode(200)
  identify(@Body(parsed(Identify)) { apiToken }: Identify) {
    return this.identity.identify(apiToken);
  }

  @Post('owner')
  @HttpCode(200)
  owner(@Body(parsed(GetOwner)) { username }: GetOwner) {
    return this.users.owner(username);
  }

  @Post('receipt')
  @HttpCode(200)
  async receipt(@Body(parsed(GetReceipt)) question: GetReceipt) {
    const { apiToken, pathUsername, clientAddress, requestId } = question;
    const principal = await this.identity.identifyFrom(apiToken, clientAddress);
    requireOwnPath(principal, pathUsername);
    return this.statements.receipt(principal, requestId);
  }
}
