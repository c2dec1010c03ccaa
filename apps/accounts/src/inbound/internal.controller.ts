import { Authorise, GetOwner, GetReceipt, Identify, Settle } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Authorisation } from '../services/authorisation.js';
import { Identity } from '../services/identity.js';
import { Settlement } from '../services/settlement.js';
import { Statements } from '../services/statements.js';
import { Users } from '../services/users.js';

/** The door for our own services. */
@Controller('internal/v1')
export class InternalController {
  constructor(
    private readonly identity: Identity,
    private readonly users: Users,
    private readonly authorisation: Authorisation,
    private readonly settlement: Settlement,
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

  @Post('authorise')
  @HttpCode(200)
  authorise(@Body(parsed(Authorise)) command: Authorise) {
    return this.authorisation.authorise(command);
  }

  @Post('settle')
  @HttpCode(200)
  settle(@Body(parsed(Settle)) command: Settle) {
    return this.settlement.settle(command);
  }

  @Post('receipt')
  @HttpCode(200)
  async receipt(@Body(parsed(GetReceipt)) { apiToken, clientAddress, requestId }: GetReceipt) {
    const principal = await this.identity.identifyFrom(apiToken, clientAddress);
    return this.statements.receipt(principal, requestId);
  }
}
