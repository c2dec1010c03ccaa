import { judgeMessages, readChoice } from '../domain/judge-question.js';
import { Judge, NoAdvice } from '../services/advisers.js';
import { askModel, type ModelDoor } from './model-door.js';

export type JudgeLimits = Readonly<{
  msMax: number;
  /** Of the question so much is shown. */
  charactersMax: number;
  tokensMax: number;
}>;

/** Behind an OpenAI-compatible `/chat/completions`. */
export class HttpJudge extends Judge {
  readonly isThere: boolean;
  readonly isLocal: boolean;

  constructor(
    private readonly door: ModelDoor | undefined,
    private readonly limits: JudgeLimits,
  ) {
    super();
    this.isThere = door !== undefined;
    this.isLocal = door?.isLocal ?? false;
  }

  async choose(
    judged: readonly Readonly<{ name: string; description: string }>[],
    question: string,
  ): Promise<string> {
    if (!this.door) throw new NoAdvice('unavailable');
    const { msMax, charactersMax, tokensMax } = this.limits;
    const shown = question.slice(0, charactersMax).toWellFormed();
    const asked = { messages: judgeMessages(judged, shown), temperature: 0, max_tokens: tokensMax };
    const answer = await askModel(this.door, '/chat/completions', asked, msMax);
    const choice = readChoice(
      answer,
      judged.map(({ name }) => name),
    );
    if (choice === undefined) throw new NoAdvice('unusable');
    return choice;
  }
}
