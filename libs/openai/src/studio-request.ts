import { type ApiRequest, type MediaOutput, withoutText } from './api-request.js';
import {
  countProblem,
  type JsonBody,
  modelProblem,
  numberOrNull,
  type RequestProblem,
  streamProblem,
} from './json-body.js';
import { filmProblem, imagesMax, soundSeconds, toVideoRequest } from './media-request.js';

/** What a path of the workers' own makes, as far as its area tells. */
export type StudioOutput = 'image' | 'audio' | 'video' | 'unknown';

/** Of such a request no more is known than what all of them have in common. */
export function studioProblem(body: JsonBody, output: StudioOutput): RequestProblem | undefined {
  return (
    modelProblem(body) ??
    streamProblem(body) ??
    (output === 'unknown' ? undefined : countProblem(body, 'n', imagesMax)) ??
    (output === 'video' || output === 'audio' ? filmProblem(body) : undefined)
  );
}

export function toStudioRequest(body: JsonBody, output: StudioOutput): ApiRequest {
  const made = outputOf(body, output);
  return {
    ...withoutText(body),
    isStream: body.stream === true,
    isAnyForm: true,
    ...(made && { output: made }),
  };
}

/** What is only looked at makes nothing. */
export function toStudioQuestion(body: JsonBody, isStream: boolean): ApiRequest {
  return { ...withoutText(body), isStream, isAnyForm: true };
}

function outputOf(body: JsonBody, output: StudioOutput): MediaOutput | undefined {
  switch (output) {
    case 'image':
      return { kind: 'image', max: numberOrNull(body.n) ?? 1, each: 1 };
    case 'video':
      return toVideoRequest(body).output;
    case 'audio':
      return { kind: 'audio_second', max: soundSeconds(body), each: 1 };
    case 'unknown':
      return undefined;
  }
}
