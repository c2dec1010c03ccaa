import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { Mailer } from './mailer.js';
import { SignIn } from './sign-in.js';

/** Links with which people choose their first password. */
@Injectable()
export class Invitations {
  constructor(
    private readonly mailer: Mailer,
    private readonly signIn: SignIn,
  ) {}

  requireMail(): void {
    if (!this.mailer.isAvailable) throw faults.MAIL_UNAVAILABLE();
  }

  invite(email: string): Promise<void> {
    return this.signIn.sendPasswordLink(email);
  }
}
