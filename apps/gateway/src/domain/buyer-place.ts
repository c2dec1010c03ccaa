import { familyOfAddressWord, isAddressWord, Name } from '@aisbf/contracts';
import { replaceMember, replaceModel } from '@aisbf/openai';

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
const otherThanModel = /^(?:(?:rotation|autoselect)\/[^/]+$|provider\/[^/]+\/)/;

/** The place of an address by its own word (`/api/{word}/…`), if it has one. Undefined where there is no such place. */
export function placeOf(word: string | undefined): BuyerPlace | undefined {
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

type Body = Readonly<Record<string, unknown>>;
type NamedRequest = Readonly<{ model: string; body: Body }>;

/**
 * A request as it would have been written at `/v1`, in its text too: whoever reads it from here on need not know where it
 * came in. Undefined where its `model` means nothing there; such ones in `models` are left out.
 */
export function requestAt<Request extends NamedRequest>(
  place: BuyerPlace,
  read: Readonly<{ text: string; request: Request }>,
): Readonly<{ text: string; request: Request }> | undefined {
  if (place.kind === 'anywhere') return read;
  const { request } = read;
  const model = routeAt(place, request.model);
  if (model === undefined) return undefined;
  const text = replaceModel(read.text, model);
  const body = { ...request.body, model };
  if (!Array.isArray(request.body.models)) return { text, request: { ...request, model, body } };
  const models = request.body.models.flatMap((one: unknown) => fallbackAt(place, one) ?? []);
  return {
    text: replaceMember(text, 'models', models),
    request: { ...request, model, body: { ...body, models } },
  };
}

/** What is no route at all stays, so that it is refused as it is elsewhere. */
function fallbackAt(place: BuyerPlace, name: unknown): unknown {
  const isRoute = typeof name === 'string' && name !== '' && name.length <= routeLengthMax;
  return isRoute ? routeAt(place, name) : [name];
}
