import { type ApiRequest, withoutText } from './api-request.js';
import {
  countProblem,
  type JsonBody,
  missing,
  modelProblem,
  numberOrNull,
  type RequestProblem,
  streamProblem,
} from './json-body.js';

/** As OpenAI has it. */
const imagesMax = 10;

export function imageProblem(body: JsonBody): RequestProblem | undefined {
  const { prompt } = body;
  const wrong =
    typeof prompt === 'string' && prompt !== '' ? undefined : missing('prompt', 'a text');
  return modelProblem(body) ?? wrong ?? streamProblem(body) ?? countProblem(body, 'n', imagesMax);
}

export function toImageRequest(body: JsonBody): ApiRequest {
  return {
    ...withoutText(body),
    isStream: body.stream === true,
    imagesMax: numberOrNull(body.n) ?? 1,
  };
}
