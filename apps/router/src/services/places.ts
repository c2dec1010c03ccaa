import type { Candidate, LocatedPlace, LocatePlace } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { globalUsername, labelOf } from '../domain/catalogue.js';
import { Market } from './market.js';
import { PlanningSettings } from './planning.js';

/** Finds somebody again who was asked before, by what stays of it. Nothing is held, and nothing counts. */
@Injectable()
export class Places {
  constructor(
    private readonly market: Market,
    private readonly settings: PlanningSettings,
  ) {}

  locate(place: LocatePlace): LocatedPlace {
    return { candidate: this.candidateAt(place), deadlines: this.settings.deadlines };
  }

  private candidateAt({ providerId, clientId, model }: LocatePlace): Candidate | null {
    const provider = this.market.catalogue().providerById.get(providerId);
    if (!provider?.isEnabled) return null;
    const { source, ownerId: sellerOwnerId } = provider;
    const providerLabel = labelOf(provider);
    const known = { providerId, providerLabel, sellerOwnerId, model, outputTokensHeld: null };
    if (source.kind === 'openai') {
      if (source.headers === null || clientId !== null) return null;
      return {
        ...known,
        kind: 'http',
        url: source.dialUrl ?? source.baseUrl,
        headers: { ...source.headers },
        ...(provider.username === globalUsername && { isOfOperator: true }),
      };
    }
    const present = this.market
      .around()
      .sessionsOf(providerId)
      .find(({ session }) => session.clientId === clientId);
    if (!present) return null;
    const { session, brokerUrl } = present;
    const { sessionId, epoch: sessionEpoch } = session;
    return { ...known, kind: 'session', brokerUrl, sessionId, sessionEpoch };
  }
}
