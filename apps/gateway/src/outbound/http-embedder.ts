import { readEmbeddings } from '../domain/embedding-answer.js';
import { Embedder, NoAdvice } from '../services/advisers.js';
import { askModel, type ModelDoor } from './model-door.js';

/** Behind an OpenAI-compatible `/embeddings`. */
export class HttpEmbedder extends Embedder {
  readonly isThere: boolean;
  readonly isLocal: boolean;

  constructor(private readonly door: ModelDoor | undefined) {
    super();
    this.isThere = door !== undefined;
    this.isLocal = door?.isLocal ?? false;
  }

  async embed(input: readonly string[], msMax: number): Promise<readonly (readonly number[])[]> {
    if (!this.door) throw new NoAdvice('unavailable');
    const answer = await askModel(this.door, '/embeddings', { input }, msMax);
    const vectors = readEmbeddings(answer, input.length);
    if (!vectors) throw new NoAdvice('unusable');
    return vectors;
  }
}
