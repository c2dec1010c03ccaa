import {
  CatalogueChanged,
  type ProbeEnded,
  RegistrationRevoked,
  RegistrationsUnsure,
  subjects,
} from '@aisbf/contracts';
import { NatsBus } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { Announcements } from '../services/announcements.js';

@Injectable()
export class NatsAnnouncements extends Announcements {
  constructor(private readonly bus: NatsBus) {
    super();
  }

  catalogueChanged(revision: number): void {
    const fact: CatalogueChanged = { type: 'catalogue-changed', revision };
    this.bus.publish(subjects.catalogueChanged, fact);
  }

  registrationRevoked(which: Omit<RegistrationRevoked, 'type'>): void {
    const fact: RegistrationRevoked = { type: 'registration-revoked', ...which };
    this.bus.publish(subjects.registrationRevoked, fact);
  }

  probeEnded(ended: ProbeEnded): void {
    this.bus.publish(subjects.probeEnded, ended);
  }

  registrationsUnsure(): void {
    const fact: RegistrationsUnsure = { type: 'registrations-unsure' };
    this.bus.publish(subjects.registrationsUnsure, fact);
  }
}
