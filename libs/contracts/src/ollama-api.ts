import { z } from 'zod';
import type { RestRoute } from './rest-route.js';

/** The two calls by which programs find out whether they talk to an Ollama, and what it has. */

export const OllamaModel = z.strictObject({
  name: z.string().max(512).describe('What to put into `model` of a request.'),
  model: z.string().max(512).describe('The same.'),
  modified_at: z.iso.datetime().describe('Since when it has been there.'),
  size: z.int().min(0).describe('Bytes; 0, since no worker tells.'),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Of its name: the same for the same name, and only for that.'),
  details: z
    .strictObject({
      parent_model: z.string(),
      format: z.string(),
      family: z.string(),
      families: z.array(z.string()).nullable(),
      parameter_size: z.string(),
      quantization_level: z.string(),
    })
    .describe('As its workers tell it; empty where they do not.'),
});
export type OllamaModel = z.infer<typeof OllamaModel>;

const OllamaTags = z.strictObject({ models: z.array(OllamaModel) });
const OllamaVersion = z.strictObject({ version: z.string() });

export const ollamaAnswers = { OllamaModel, OllamaTags, OllamaVersion };

export const ollamaRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/tags',
    operationId: 'listOllamaTags',
    summary: 'Every route that this API token can call now, as Ollama lists its models',
    description: 'Also `/api/u/{username}/tags`.',
    credential: 'inference',
    answer: { status: 200, schema: OllamaTags },
  },
  {
    method: 'get',
    path: '/api/version',
    operationId: 'getOllamaVersion',
    summary: 'The version of Ollama that the lists are like',
    description: 'Also `/api/u/{username}/version`.',
    credential: 'nobody',
    answer: { status: 200, schema: OllamaVersion },
  },
];
