export { fromCents, toCents } from './cents.js';
export {
  formatUsd,
  type Nanos,
  nanos,
  nanosMax,
  parseNanos,
  zeroNanos,
} from './nanos.js';
export {
  basisPointsMax,
  type Counts,
  costOf,
  costOfCounts,
  countsOf,
  countWithin,
  dearestPrices,
  type Prices,
  priceOf,
  shareOf,
  splitFee,
  type UnitKind,
  type Units,
  unitKinds,
} from './price.js';
export { parseUsd } from './usd.js';
