import { GetAccessKeys, internalPaths, LeaveAccess, RenewAccess } from '@aisbf/contracts';
import { parsed } from '@aisbf/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { AccessStore } from '../services/revocations.js';
import { SignIn } from '../services/sign-in.js';

/** For our own services that remember callers. */
@Controller()
export class AccessController {
  constructor(
    private readonly store: AccessStore,
    private readonly signIn: SignIn,
  ) {}

  @Post(internalPaths.accountsRenewAccess)
  @HttpCode(200)
  renew(@Body(parsed(RenewAccess)) { verifierId, revision }: RenewAccess) {
    return this.store.renew(verifierId, revision);
  }

  @Post(internalPaths.accountsLeaveAccess)
  @HttpCode(200)
  async leave(@Body(parsed(LeaveAccess)) { verifierId }: { verifierId: string }) {
    await this.store.leave(verifierId);
    return {};
  }

  @Post(internalPaths.accountsAccessKeys)
  @HttpCode(200)
  keys(@Body(parsed(GetAccessKeys)) _question: unknown) {
    return this.signIn.accessKeys();
  }
}
