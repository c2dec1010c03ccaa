import { familyOfAddressWord, isAddressWord, Name } from '@aisbf/contracts';
import { type JsonBody, replaceMember, replaceModel } from '@aisbf/openai';
import { faults } from './faults.js';

/**
 * Where a buyer has come in, which decides what a name means there.
 *
 * - `anywhere`: `/v1` and the like; every name is a route as it stands
 * - `provider`: `/api/{provider}`; a name is one of its models
 * - `rotation`, `autoselect`: `/api/rotations`, `/api/autoselections`; a name is that of one
 */
export type BuyerPlace =
  | Readonly<{ kind: 'anywhere' }>
  | Readonly<{ kind: 'provider'; provider: string }>
  | Readonly<{ kind: 'rotation' }>
  | Readonly<{ kind: 'autoselect' }>;

/** The longest route that the router takes. */
const routeLengthMax = 512;

/** Routes that say themselves that they are one, also by whose it is. */
const inFull = {
  rotation: /^(?:(?:rotations?|user-rotation)\/|[^/]+\/rotation\/[^/]+$)/,
  autoselect: /^(?:(?:autoselect|autoselections|user-autoselect)\/|[^/]+\/autoselect\/[^/]+$)/,
} as const;

/** Behind an owner's name these mean something else than a model of a provider. */
const otherThanModel = /^(?:(?:rotation|autoselect|import)\/[^/]+$|provider\/[^/]+\/)/;

/** The place of an address by its own word (`/api/{word}/…`), if it has one. Undefined where there is no such place. */
export function placeOfWord(word: string | undefined): BuyerPlace | undefined {
  if (word === undefined) return { kind: 'anywhere' };
  const family = familyOfAddressWord(word);
  if (family) return { kind: family };
  if (isAddressWord(word) || !Name.safeParse(word).success) return undefined;
  return { kind: 'provider', provider: word };
}

/**
 * The route that a name means at a place: the same that `/v1` takes. Undefined where it cannot mean anything there. What is
 * a whole route of the place's own kind stays as it is.
 */
export function routeAt(place: BuyerPlace, name: string): string | undefined {
  const route = writtenOut(place, name);
  return route === undefined || route.length > routeLengthMax ? undefined : route;
}

function writtenOut(place: BuyerPlace, name: string): string | undefined {
  switch (place.kind) {
    case 'anywhere':
      return name;
    case 'provider': {
      const beginning = `${place.provider}/`;
      const model = name.startsWith(beginning) ? name.slice(beginning.length) : name;
      return otherThanModel.test(model) ? undefined : `${beginning}${model}`;
    }
    case 'rotation':
    case 'autoselect':
      return inFull[place.kind].test(name) ? name : `${place.kind}/${name}`;
    default:
      return place satisfies never;
  }
}

/** Whether a route is one of those that are to be found at a place. */
export function isAt(place: BuyerPlace, route: string): boolean {
  return routeAt(place, route) === route;
}

/**
 * The fields of a request as they would have been written at `/v1`. Refuses a `model` that means nothing there; such ones in
 * `models` are left out.
 */
export function fieldsAt(place: BuyerPlace, fields: JsonBody): JsonBody {
  const { model: name, models: names } = fields;
  if (place.kind === 'anywhere' || typeof name !== 'string') return fields;
  const model = routeAt(place, name);
  if (model === undefined) throw faults.MODEL_MISSING({ param: 'model' });
  if (!Array.isArray(names)) return { ...fields, model };
  return { ...fields, model, models: names.flatMap((one) => fallbackAt(place, one) ?? []) };
}

/** A body that is one, in its own text. */
export type Read = Readonly<{ text: string; body: JsonBody }>;

/** The same in the text of a body too: whoever reads it from here on need not know where it came in. */
export function bodyAt(place: BuyerPlace, read: Read): Read {
  const body = fieldsAt(place, read.body);
  if (body === read.body) return read;
  const { model, models } = body;
  const text = replaceModel(read.text, String(model));
  return { text: Array.isArray(models) ? replaceMember(text, 'models', models) : text, body };
}

/** What is no route at all stays, so that it is refused as it is elsewhere. */
function fallbackAt(place: BuyerPlace, name: unknown): unknown {
  const isRoute = typeof name === 'string' && name !== '' && name.length <= routeLengthMax;
  return isRoute ? routeAt(place, name) : [name];
}
