import { type WorkerError, withMember } from '@aisbf/broker-protocol';
import { type Assortment, isRestricted, upstreamName } from '../upstream/assortment.js';

/**
 * A JSON body with the upstream's name for the model that it asks for, and not changed otherwise; or why it
 * is not served. Where nothing is kept from buyers, the upstream judges for itself.
 */
export function withUpstreamModel(
  body: Readonly<Record<string, unknown>>,
  text: string,
  assortment: Assortment,
): string | WorkerError {
  if (!isRestricted(assortment)) return text;
  // Some engines read names without regard to their case: one of these could ask for another model.
  const isAmbiguous = Object.keys(body).some(
    (name) => name !== 'model' && name.toLowerCase() === 'model',
  );
  if (isAmbiguous) {
    return { code: 'invalid_request', message: 'The body names a model twice.', status: 400 };
  }
  const name = upstreamModel(body.model, assortment);
  return typeof name === 'string' ? withMember(text, 'model', JSON.stringify(name)) : name;
}

/** The upstream's name for what a buyer calls a model. */
export function upstreamModel(model: unknown, assortment: Assortment): string | WorkerError {
  if (typeof model !== 'string' || model === '') {
    const message = 'The request names no model.';
    return isRestricted(assortment) ? { code: 'model_not_found', message, status: 404 } : '';
  }
  return upstreamName(model, assortment) ?? unknownModel(model);
}

export function unknownModel(model: string): WorkerError {
  const message = `This worker does not offer the model '${model.slice(0, 256)}'.`;
  return { code: 'model_not_found', message, status: 404 };
}
