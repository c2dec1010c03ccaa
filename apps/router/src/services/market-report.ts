import type { ListMarket, MarketPage, Principal } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { ceilingsOf, marketPage } from '../domain/market-page.js';
import { Market } from './market.js';
import { acceptablePrices, TermSettings } from './new-term.js';

/** What is on sale, as one caller can call it; from memory, like plans. */
@Injectable()
export class MarketReport {
  constructor(
    private readonly market: Market,
    private readonly settings: TermSettings,
  ) {}

  page({ ownerId, rules }: Principal, question: ListMarket): MarketPage {
    const { sessionsOf, paceOf, nowMs } = this.market.around();
    const { feeBpsDefault } = this.settings;
    const pricesMax = acceptablePrices(ceilingsOf(question), this.settings);
    const buyer = { ownerId, ...(rules && { rules }) };
    const catalogue = this.market.catalogue();
    const scope = { buyer, catalogue, sessionsOf, feeBpsDefault, nowMs };
    return marketPage(scope, paceOf, question, pricesMax);
  }
}
