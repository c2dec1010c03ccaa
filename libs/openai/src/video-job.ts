import { type AnswerResult, answerOf } from './answer.js';
import { readAnswerBody } from './answer-body.js';
import { type ApiRequest, withoutText } from './api-request.js';
import {
  isNullish,
  isObject,
  type JsonBody,
  missing,
  modelProblem,
  type RequestProblem,
  wrongType,
} from './json-body.js';
import { filmProblem, filmSeconds } from './media-request.js';

/** As OpenAI has it. */
const secondsDefault = 4;
const sizeLengthMax = 32;
/** It becomes part of a path. */
const idShape = /^(?!\.+$)[\w.~@-]{1,256}$/;

/** What whoever makes a film says of it. */
export type UpstreamVideo = Readonly<{
  id: string;
  progress: 'running' | 'completed' | 'failed';
  body: JsonBody;
}>;

export function videoJobProblem(body: JsonBody): RequestProblem | undefined {
  const { size } = body;
  const isSize = isNullish(size) || (typeof size === 'string' && size.length <= sizeLengthMax);
  return (
    modelProblem(body) ??
    videoPromptProblem(body) ??
    filmProblem(body) ??
    (isSize ? undefined : wrongType('size', `at most ${sizeLengthMax} characters`))
  );
}

export function videoPromptProblem({ prompt }: JsonBody): RequestProblem | undefined {
  return typeof prompt === 'string' && prompt !== '' ? undefined : missing('prompt', 'a text');
}

/** One film, as long as is asked for. */
export function toVideoJobRequest(body: JsonBody): ApiRequest {
  const seconds = filmSeconds(body) ?? secondsDefault;
  return {
    ...withoutText(body),
    output: { kind: 'video_second', max: seconds, each: seconds },
  };
}

/** Undefined where it is no job that could be asked for again. */
export function readUpstreamVideo(text: string): UpstreamVideo | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // No JSON is no job.
    return undefined;
  }
  if (!isObject(body) || typeof body.id !== 'string' || !idShape.test(body.id)) return undefined;
  return { id: body.id, progress: progressOf(body.status), body };
}

/** The answer to the request for a film is the job that makes it. */
export function readVideoJobAnswer(text: string): AnswerResult {
  return readAnswerBody(text, () => {
    const video = readUpstreamVideo(text);
    return video === undefined || video.progress === 'failed'
      ? { kind: 'garbage' }
      : { kind: 'answer', answer: answerOf({ hasContent: true, finishReason: 'stop' }) };
  });
}

function progressOf(status: unknown): UpstreamVideo['progress'] {
  if (status === 'completed' || status === 'succeeded') return 'completed';
  return status === 'failed' || status === 'cancelled' || status === 'canceled'
    ? 'failed'
    : 'running';
}
