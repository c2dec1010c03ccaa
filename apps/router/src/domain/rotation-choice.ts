import type { Rotation, RotationMember } from './catalogue.js';
import { type Choice, offerName, type PoolMember } from './choice.js';
import { importOffered } from './import-offer.js';
import { KeptTerms } from './kept-terms.js';
import { neverOffered, type Offer, type Offered, offeredTo, type Scope } from './offer.js';
import { always, common, type Span } from './schedule.js';

/** Rotations within rotations: more levels than anybody means. What is deeper counts as not there. */
export const rotationDepthMax = 8;

/** What a rotation is to one buyer, and when. Undefined where there is nothing in it that this buyer may see. */
type Led = Readonly<{ choice: Choice | undefined; during: Span }>;

/** By rotation and buyer; that of a large rotation takes 12 KB, laid out. */
const kept = new KeptTerms<Led>(4_096);

/** What a rotation leads to: made once for all requests of a buyer, until prices change. */
export function rotationChoice(rotation: Rotation, scope: Scope): Choice | undefined {
  const key = `${rotation.id} ${scope.buyer.ownerId}`;
  return kept.of(key, scope, () => leadsTo(rotation, scope)).choice;
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
  switch (target.kind) {
    case 'rotation': {
      const inner = catalogue.rotationById.get(target.rotationId);
      const { choice, during } = inner ? leadsTo(inner, scope, path) : nowhere;
      const name = target.rotationId;
      return { ...(choice && { member: { name, choice, weight, priority } }), during };
    }
    case 'import': {
      const found = catalogue.importById.get(target.importId);
      return offering(found ? importOffered(found, scope) : neverOffered, member, target.importId);
    }
    case 'model': {
      const provider = catalogue.providerById.get(target.providerId);
      return offering(provider ? offeredTo(scope, provider, target.model) : neverOffered, member);
    }
    default:
      return target satisfies never;
  }
}

const nowhere: Led = { choice: undefined, during: always };

function offering({ offer, during }: Offered, member: RotationMember, name?: string) {
  return { ...(offer && { member: memberOffering(offer, member, name) }), during };
}

/** As most buyers are offered the same, what was made for the last one mostly does for the next. */
const lastOffered = new WeakMap<RotationMember, Readonly<{ offer: Offer; made: PoolMember }>>();

function memberOffering(offer: Offer, member: RotationMember, name = offerName(offer)): PoolMember {
  const last = lastOffered.get(member);
  if (last?.offer === offer) return last.made;
  const { weight, priority } = member;
  const choice: Choice = { kind: 'offer', offer };
  const made = { name, choice, weight, priority };
  lastOffered.set(member, { offer, made });
  return made;
}
