import type { Catalogue, Rotation, RotationMember } from './catalogue.js';
import { type Choice, offerName, type PoolMember } from './choice.js';
import { type Offer, offeredTo, type Scope } from './offer.js';
import { always, common, isWithin, type Span } from './schedule.js';

/** Rotations within rotations: more levels than anybody means. What is deeper counts as not there. */
export const rotationDepthMax = 8;

/** What a rotation is to one buyer, and when. Undefined where there is nothing in it that this buyer may see. */
type Led = Readonly<{ choice: Choice | undefined; during: Span }>;
type KeptLed = Led & Readonly<{ feeBpsDefault: number }>;

/** What rotations are to buyers is kept for as many pairs of the two; a large one takes 4 KB. */
const keptMax = 4_096;
/** A catalogue never changes, and goes with all that was made of it. */
const keptByCatalogue = new WeakMap<Catalogue, Map<string, KeptLed>>();

/** What a rotation leads to: made once for all requests of a buyer, until prices change. */
export function rotationChoice(rotation: Rotation, scope: Scope): Choice | undefined {
  const { catalogue, buyer, feeBpsDefault, nowMs } = scope;
  const kept = keptByCatalogue.get(catalogue) ?? new Map<string, KeptLed>();
  if (kept.size === 0) keptByCatalogue.set(catalogue, kept);
  const key = `${rotation.id} ${buyer.ownerId}`;
  const known = kept.get(key);
  if (known?.feeBpsDefault === feeBpsDefault && isWithin(known.during, nowMs)) return known.choice;
  const made = { ...leadsTo(rotation, scope), feeBpsDefault };
  kept.delete(key);
  kept.set(key, made);
  const [oldest] = kept.keys();
  if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest);
  return made.choice;
}

function leadsTo(rotation: Rotation, scope: Scope, within: readonly string[] = []): Led {
  // A loop is refused when it is saved; this is for those that two saves made together.
  if (within.includes(rotation.id) || within.length >= rotationDepthMax) {
    return { choice: undefined, during: always };
  }
  const path = [...within, rotation.id];
  const members: PoolMember[] = [];
  let during = always;
  for (const member of rotation.members) {
    const led = memberLeadsTo(member, scope, path);
    during = common(during, led.during);
    if (led.member) members.push(led.member);
  }
  return { choice: members.length > 0 ? { kind: 'pool', members } : undefined, during };
}

function memberLeadsTo(
  member: RotationMember,
  scope: Scope,
  path: readonly string[],
): Readonly<{ member?: PoolMember; during: Span }> {
  const { target, weight, priority } = member;
  const { catalogue } = scope;
  if (target.kind === 'rotation') {
    const inner = catalogue.rotationById.get(target.rotationId);
    const { choice, during } = inner ? leadsTo(inner, scope, path) : nothing;
    const name = target.rotationId;
    return { ...(choice && { member: { name, choice, weight, priority } }), during };
  }
  const provider = catalogue.providerById.get(target.providerId);
  const { offer, during } = provider ? offeredTo(scope, provider, target.model) : nothing;
  return { ...(offer && { member: memberOffering(offer, member) }), during };
}

const nothing = { choice: undefined, offer: undefined, during: always };

/** As most buyers are offered the same, what was made for the last one mostly does for the next. */
const lastOffered = new WeakMap<RotationMember, Readonly<{ offer: Offer; made: PoolMember }>>();

function memberOffering(offer: Offer, member: RotationMember): PoolMember {
  const last = lastOffered.get(member);
  if (last?.offer === offer) return last.made;
  const { weight, priority } = member;
  const choice: Choice = { kind: 'offer', offer };
  const made = { name: offerName(offer), choice, weight, priority };
  lastOffered.set(member, { offer, made });
  return made;
}
