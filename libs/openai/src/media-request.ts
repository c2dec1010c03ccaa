import { type ApiRequest, withoutText } from './api-request.js';
import {
  choicesProblem,
  countProblem,
  isNullish,
  type JsonBody,
  missing,
  modelProblem,
  numberOrNull,
  type RequestProblem,
  streamProblem,
  wrongType,
} from './json-body.js';

/** As OpenAI has it. */
export const imagesMax = 10;
const spokenLengthMax = 4_096;
const filmsMax = 4;
/** Longer ones are made of several. */
const filmSecondsMax = 600;
/** What is held for where a request does not say how long its film is to be. */
const filmSecondsDefault = 8;
/** The same for a sound that is not spoken words. */
const soundSecondsDefault = 30;

/**
 * Slower than anybody speaks: what is held for is never less than what is said, but for a voice that stretches it.
 * At half the speed it takes twice the time.
 */
const charactersPerSecondMin = 4;
const pauseSeconds = 5;

export function imageProblem(body: JsonBody): RequestProblem | undefined {
  return (
    modelProblem(body) ??
    textProblem(body, 'prompt') ??
    streamProblem(body) ??
    countProblem(body, 'n', imagesMax)
  );
}

/** Pictures that are made of others need no words. */
export function variationProblem(body: JsonBody): RequestProblem | undefined {
  return modelProblem(body) ?? countProblem(body, 'n', imagesMax);
}

export function toImageRequest(body: JsonBody): ApiRequest {
  return {
    ...withoutText(body),
    isStream: body.stream === true,
    output: { kind: 'image', max: numberOrNull(body.n) ?? 1, each: 1 },
  };
}

export function speechProblem(body: JsonBody): RequestProblem | undefined {
  const { input, speed } = body;
  const isSpeed = typeof speed === 'number' && speed >= 0.25 && speed <= 4;
  if (!isNullish(speed) && !isSpeed) return wrongType('speed', 'a number from 0.25 to 4');
  const isTooLong = typeof input === 'string' && input.length > spokenLengthMax;
  if (isTooLong) return wrongType('input', `at most ${spokenLengthMax} characters`);
  return modelProblem(body) ?? textProblem(body, 'input');
}

export function toSpeechRequest(body: JsonBody): ApiRequest {
  return {
    ...withoutText(body),
    isStream: body.stream_format === 'sse',
    output: { kind: 'audio_second', max: spokenSeconds(body), each: 1 },
  };
}

/** How long a sound becomes at most: as long as is asked for, else as its words take to be said. */
export function soundSeconds(body: JsonBody): number {
  const isSpoken = typeof body.input === 'string' && body.input !== '';
  return filmSeconds(body) ?? (isSpoken ? spokenSeconds(body) : soundSecondsDefault);
}

function spokenSeconds(body: JsonBody): number {
  const { length } = String(body.input);
  const slowness = Math.min(1, numberOrNull(body.speed) ?? 1);
  const speed = slowness > 0 ? slowness : 1;
  return Math.ceil(length / (charactersPerSecondMin * speed)) + pauseSeconds;
}

export function videoProblem(body: JsonBody): RequestProblem | undefined {
  return (
    modelProblem(body) ??
    textProblem(body, 'prompt') ??
    countProblem(body, 'n', filmsMax) ??
    filmProblem(body)
  );
}

export function toVideoRequest(body: JsonBody): ApiRequest {
  const each = filmSeconds(body) ?? filmSecondsDefault;
  const films = numberOrNull(body.n) ?? 1;
  return { ...withoutText(body), output: { kind: 'video_second', max: films * each, each } };
}

export function transcriptionProblem(body: JsonBody): RequestProblem | undefined {
  return modelProblem(body) ?? streamProblem(body) ?? choicesProblem(body);
}

/** What is said in a sound, in words: how many there are is known when they are. */
export function toTranscriptionRequest(body: JsonBody): ApiRequest {
  return { ...withoutText(body), isStream: body.stream === true, outputTokensMax: null };
}

export function filmProblem(body: JsonBody): RequestProblem | undefined {
  const asked = ['seconds', 'duration'].find((name) => !isNullish(body[name]));
  const seconds = filmSeconds(body);
  if (seconds === undefined) return asked === undefined ? undefined : notSeconds(asked);
  return seconds > filmSecondsMax ? notSeconds(asked ?? 'num_frames') : undefined;
}

function notSeconds(param: string): RequestProblem {
  return wrongType(param, `a number of seconds up to ${filmSecondsMax}`);
}

/** In the words of those who make films: seconds, a duration, or frames and how many of them go into one second. */
export function filmSeconds(body: JsonBody): number | undefined {
  const stated = [body.seconds, body.duration].find((value) => !isNullish(value));
  const frames = numberOrNull(body.num_frames);
  const perSecond = numberOrNull(body.fps);
  const seconds = isNullish(stated)
    ? frames !== null && perSecond !== null && perSecond > 0 && frames / perSecond
    : Number(stated);
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0
    ? Math.ceil(seconds)
    : undefined;
}

function textProblem(body: JsonBody, name: string): RequestProblem | undefined {
  const value = body[name];
  return typeof value === 'string' && value !== '' ? undefined : missing(name, 'a text');
}
