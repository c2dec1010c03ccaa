import { wav } from './wav.js';

/** How long everything is that it says. */
export const spokenSeconds = 2.5;

/** One transparent pixel. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

type Body = Readonly<Record<string, unknown>>;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** What a good upstream says where it is not asked to chat; undefined where it has no such endpoint. */
export function fakeAnswer(path: string, body: Body): object | Buffer | undefined {
  const { model } = body;
  const usage = { prompt_tokens: 3, total_tokens: 3 };
  switch (path) {
    case '/v1/completions': {
      const choices = listOf(body.prompt).map((_prompt, index) => ({
        index,
        text: 'A fake answer of seven plain words.',
        finish_reason: 'stop',
      }));
      return { id: 'fake', object: 'text_completion', model, choices };
    }
    case '/v1/embeddings': {
      const data = listOf(body.input).map((_input, index) => ({
        object: 'embedding',
        index,
        embedding: [0.25, -0.5, 1],
      }));
      return { object: 'list', model, data, usage };
    }
    case '/v1/moderations': {
      const results = listOf(body.input).map(() => ({
        flagged: false,
        categories: { violence: false },
        category_scores: { violence: 0.01 },
      }));
      return { id: 'fake', model, results };
    }
    case '/v1/rerank': {
      const results = listOf(body.documents).map((_document, index) => ({
        index,
        relevance_score: 1 / (index + 1),
      }));
      return { id: 'fake', model, results, usage };
    }
    case '/v1/audio/speech':
      return wav(spokenSeconds);
    case '/v1/audio/transcriptions':
    case '/v1/audio/translations':
      return { text: 'Seven plain words are all that was said.' };
    case '/v1/video/generations':
      return { created: 1, data: [{ url: 'https://films.example/1.mp4' }] };
    case '/v1/images/edits':
    case '/v1/images/variations':
    case '/v1/images/generations': {
      const count = Number(body.n ?? 1);
      return { created: 1, data: Array.from({ length: count }, () => ({ b64_json: pixel })) };
    }
    default:
      return fakeFilm(path);
  }
}

/** Films are there at once, and so is each that is made of one. */
function fakeFilm(path: string): object | Buffer | undefined {
  const [, id = 'film', below] =
    /^\/v1\/videos(?:\/([\w-]+)(?:\/(content|remix))?)?$/.exec(path) ?? [];
  if (!path.startsWith('/v1/videos')) return undefined;
  return below === 'content' ? wav(1) : { id, object: 'video', status: 'completed', progress: 100 };
}
