import { Principals } from '@aisbf/access';
import type { Principal } from '@aisbf/contracts';
import { bearerOf } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { brokerFaults } from '../domain/broker-faults.js';

/** Those who ask about workers: owners about their own, operators about all. */
@Injectable()
export class Callers {
  constructor(private readonly principals: Principals) {}

  async manager(authorization: string | undefined, address: string): Promise<Principal> {
    const token = bearerOf(authorization);
    if (token === undefined) throw brokerFaults.TOKEN_MISSING();
    return this.principals.require(token, 'manage', address);
  }
}
