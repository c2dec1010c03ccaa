import type { KnownVideoJob } from '@aisbf/contracts';
import { TextPrompt } from '@aisbf/metering';
import {
  type JsonBody,
  type RequestProblem,
  readJsonBody,
  toVideoJobRequest,
  videoJobDialect,
  videoJobProblem,
  videoPromptProblem,
  withoutMembers,
} from '@aisbf/openai';
import type { Form } from './form.js';
import { type FormContents, readFormWork } from './form-work.js';
import { type JsonEndpoint, type ReadingTerms, readJsonWork } from './json-work.js';
import { videoPath } from './video.js';
import type { Work } from './work.js';

const endpoint: JsonEndpoint<'videos'> = {
  name: 'videos',
  problemOf: videoJobProblem,
  toRequest: toVideoJobRequest,
  promptOf: ({ prompt }: JsonBody) => new TextPrompt(typeof prompt === 'string' ? [prompt] : []),
  dialect: videoJobDialect,
};

export function readVideoJson(text: string, terms: ReadingTerms): Work | RequestProblem {
  return deferred(readJsonWork(endpoint, text, terms));
}

export function readVideoForm(
  form: Form,
  contents: FormContents,
  terms: ReadingTerms,
): Work | RequestProblem {
  const { dialect, ...parts } = endpoint;
  return deferred(readFormWork({ ...parts, dialectFor: () => dialect }, form, contents, terms));
}

/** Another film out of one that is there, by the route that that came by: only whoever has made that can do it. */
export function readRemix(
  job: KnownVideoJob,
  text: string,
  terms: ReadingTerms,
): Work | RequestProblem {
  const read = readJsonBody(text);
  if ('problem' in read) return read.problem;
  const problem = videoPromptProblem(read.body);
  if (problem) return problem;
  const asked = { ...read.body, model: job.route, seconds: String(job.seconds), size: job.size };
  const work = deferred(
    readJsonWork(endpoint, JSON.stringify(asked), { ...terms, place: { kind: 'anywhere' } }),
  );
  if ('code' in work) return work;
  const path = videoPath(job, '/remix');
  const sent = withoutMembers(text, work.wishes.ownMembers);
  return {
    ...work,
    only: { providerId: job.providerId, clientId: job.clientId },
    address: {
      method: 'POST',
      path: `/v1${path}`,
      targetFor: () => path,
      accept: 'application/json',
    },
    bodyFor: () => ({ contentType: 'application/json', open: () => sent }),
  };
}

function deferred(work: Work | RequestProblem): Work | RequestProblem {
  return 'code' in work ? work : { ...work, isDeferred: true };
}
