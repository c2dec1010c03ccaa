import { Authorise, GetOwner, GetReceipt, Identify, Settle, Withdraw } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Authorisation } from '../services/authorisation.js';
import { Identity } from '../services/identity.js';
import { Settlement } from '../services/settlement.js';
import { Statements } from '../services/statements.js';
import { Users } from '../services/users.js';
import { Withdrawal } from '../services/withdrawal.js';

/** The door for our own services. */
@Controller('internal/v1')
export class InternalController {
  constructor(
    private readonly identity: Identity,
    private readonly users: Users,
    private readonly authorisation: Authorisation,
    private readonly settlement: Settlement,
    private readonly withdrawal: Withdrawal,
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

  @Post('withdraw')
  @HttpCode(200)
  withdraw(@Body(parsed(Withdraw)) command: Withdraw) {
    return this.withdrawal.withdraw(command);
  }

  @Post('receipt')
  @HttpCode(200)
  async receipt(@Body(parsed(GetReceipt)) { apiToken, requestId }: GetReceipt) {
    return this.statements.receipt(await this.identity.identify(apiToken), requestId);
  }
}
