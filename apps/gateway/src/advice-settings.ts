import { setting } from '@aisbf/platform';
import { z } from 'zod';

const isLocal = (what: string) => z.enum(['true', 'false']).default('false').describe(what);

/** Small models that the operator runs beside the market, for autoselects that want their advice. */
export const adviceSettings = {
  GATEWAY_EMBEDDING_URL: setting.urlOrNone(
    /^https?$/,
    'Base URL of an OpenAI-compatible API whose /embeddings tells which questions mean the same, as http://127.0.0.1:11434/v1. Empty: classes by meaning are of no autoselect.',
  ),
  GATEWAY_EMBEDDING_MODEL: setting.text('', 'What the embedding model is called there.'),
  GATEWAY_EMBEDDING_API_KEY: setting.text('', 'Sent there as a bearer token, where one is needed.'),
  GATEWAY_EMBEDDING_IS_LOCAL: isLocal(
    'Whether it may be shown prompts that hold something private: it runs on machines of the operator and keeps nothing.',
  ),
  GATEWAY_EMBEDDING_MS_MAX: setting.durationMs(
    250,
    'How long a request waits for its question to be read: small models take 10 to 50 ms. Later it goes on without.',
  ),
  GATEWAY_EMBEDDING_EXAMPLES_MS_MAX: setting.durationMs(
    30_000,
    'How long a call with 32 examples may take, for which no request waits: long enough to load the model.',
  ),
  GATEWAY_EMBEDDING_RETRY_MS: setting.durationMs(
    5_000,
    'How long examples are left alone after a call with them that failed.',
  ),
  GATEWAY_EMBEDDING_VECTORS_MAX: setting.integer(
    4_096,
    256,
    1_000_000,
    'Examples whose vectors are kept, at about 8 KB each. An autoselect has 256 at most.',
  ),
  GATEWAY_JUDGE_URL: setting.urlOrNone(
    /^https?$/,
    'Base URL of an OpenAI-compatible API whose /chat/completions says which model suits a question. Empty: autoselects decide without.',
  ),
  GATEWAY_JUDGE_MODEL: setting.text('', 'What the judging model is called there.'),
  GATEWAY_JUDGE_API_KEY: setting.text('', 'Sent there as a bearer token, where one is needed.'),
  GATEWAY_JUDGE_IS_LOCAL: isLocal(
    'Whether it may be shown prompts that hold something private: it runs on machines of the operator and keeps nothing.',
  ),
  GATEWAY_JUDGE_MS_MAX: setting.durationMs(
    1_500,
    'How long a request waits for the judge. Later it goes on without.',
  ),
  GATEWAY_JUDGE_CHARACTERS_MAX: setting.integer(
    1_500,
    1,
    3_001,
    'How much of a question the judge is shown: what a small model reads in a fraction of a second.',
  ),
  GATEWAY_JUDGE_TOKENS_MAX: setting.integer(
    128,
    1,
    4_096,
    'How many tokens it may answer with: a name is a few dozen at most.',
  ),
  GATEWAY_ADVICE_CALLS_MAX: setting.integer(
    32,
    1,
    10_000,
    'Questions that small models are asked at once. Requests beyond it go without: they come before money is held, so that nobody pays for them.',
  ),
};
