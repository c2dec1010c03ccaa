import { readBody } from './answer-body.js';
import { type ListedModel, readModelList } from './listed-model.js';
import {
  llamaCppDetails,
  lmStudioDetails,
  type ModelDetails,
  ollamaDetails,
} from './model-details.js';
import type { Upstream } from './upstream.js';

const listBytesMax = 4 * 1024 ** 2;

/** The upstream's models, with what its engine tells of them in lists of its own. */
export async function readEngineList(
  upstream: Upstream,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  const models = readModelList(await get(upstream, { path: 'models' }, signal));
  const detailsOf = await askEngine(upstream, models, signal);
  // What the list itself says counts.
  return models.map((model) => ({ ...detailsOf(model.id), ...model }));
}

type DetailsOf = (name: string) => ModelDetails | undefined;

/**
 * Asks the engine in its own words, which it gives away by the owner that it names. Others are asked
 * nothing more: a hosted API would take it for an attack.
 */
async function askEngine(
  upstream: Upstream,
  models: readonly ListedModel[],
  signal: AbortSignal,
): Promise<DetailsOf> {
  const isOwned = (owner: RegExp): boolean =>
    models.some(({ owned_by: name }) => typeof name === 'string' && owner.test(name));
  const ask = (path: string): Promise<unknown> => askNative(upstream, path, signal);
  if (isOwned(/^library$/)) {
    const byName = ollamaDetails(...(await Promise.all([ask('api/tags'), ask('api/ps')])));
    return (name) => byName.get(name);
  }
  if (isOwned(/^organization[-_]owner$/)) {
    const byName = lmStudioDetails(await ask('api/v0/models'));
    return (name) => byName.get(name);
  }
  if (models.length === 1 && isOwned(/^llamacpp$/)) {
    const details = llamaCppDetails(await ask('props'));
    return () => details;
  }
  return () => undefined;
}

/** Undefined where the engine does not answer in that way: then there is no more to tell. */
async function askNative(upstream: Upstream, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return JSON.parse(await get(upstream, { path, isNative: true }, signal));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function get(
  upstream: Upstream,
  target: Readonly<{ path: string; isNative?: boolean }>,
  signal: AbortSignal,
): Promise<string> {
  const answer = await upstream.request({ method: 'GET', headers: {}, ...target }, signal);
  const body = await readBody(answer.body, listBytesMax);
  if (answer.status !== 200) throw new Error(`GET ${target.path} answers ${answer.status}`);
  if (body === undefined) throw new Error('the list of models is too large');
  return body.toString('utf8');
}
