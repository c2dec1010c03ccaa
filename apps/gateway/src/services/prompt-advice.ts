import type { Advice, AdviceState, RequestFacts, SeekAdvice, SoughtAdvice } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { Metrics } from '@aisbf/platform';
import { askedText, isOneSpace, similarities } from '@aisbf/signals';
import { Injectable } from '@nestjs/common';
import { factsOf, type Work } from '../domain/work.js';
import { Admission } from './admission.js';
import { Embedder, Judge, NoAdvice } from './advisers.js';
import { ExampleVectors } from './example-vectors.js';

/** Also the DI token. */
export class AdviceLimits {
  constructor(
    /** How long a request waits for its question to be read. */
    readonly embeddingMsMax: number,
    /** Questions that are asked of small models at once; requests beyond it go without. */
    readonly callsMax: number,
  ) {}
}

type Caller = Pick<SeekAdvice, 'apiToken' | 'pathUsername' | 'clientAddress'>;

/** The last question, and whether anybody may see it. */
type Question = Readonly<{ text: string; isPrivate: boolean }>;

/**
 * What the router is told of a request. Where an autoselect among its routes wants it, and the installation has models for it,
 * they are asked about the last question; whatever comes of that is told, and nothing ever waits longer than its limit.
 */
@Injectable()
export class PromptAdvice {
  private calls = 0;
  private readonly answers;

  constructor(
    private readonly admission: Admission,
    private readonly embedder: Embedder,
    private readonly judge: Judge,
    private readonly examples: ExampleVectors,
    private readonly limits: AdviceLimits,
    metrics: Metrics,
  ) {
    this.answers = metrics.counter('advice_total', 'Questions for small models, by outcome.', [
      'kind',
      'state',
    ]);
  }

  async factsOf(work: Work, promptTokens: number, caller: Caller): Promise<RequestFacts> {
    const facts = factsOf(work, promptTokens);
    const { signals } = facts;
    if (!signals || !(this.embedder.isThere || this.judge.isThere)) return facts;
    const sought = await this.sought(caller, facts);
    if (sought.length === 0) return facts;
    const question = {
      text: askedText(work.request.body, work.signalLimits.charactersMax).toWellFormed().trim(),
      isPrivate: signals.isCut || signals.private.length > 0,
    };
    const advice = await Promise.all(sought.map((one) => this.adviceFor(one, question)));
    return { ...facts, signals: { ...signals, advice } };
  }

  /** Where that cannot be told the request goes without; why, its admission will say. */
  private async sought(caller: Caller, facts: RequestFacts): Promise<readonly SoughtAdvice[]> {
    const { apiToken, pathUsername, clientAddress } = caller;
    const routes = [facts.route, ...(facts.fallbacks ?? [])];
    try {
      const { autoselects } = await this.admission.seekAdvice({
        ...{ type: 'seek-advice', apiToken, pathUsername, clientAddress },
        routes,
      });
      return autoselects;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return [];
    }
  }

  private async adviceFor(sought: SoughtAdvice, question: Question): Promise<Advice> {
    const { autoselect, classes, judged } = sought;
    const [told, chosen] = await Promise.all([
      this.embedder.isThere && classes.length > 0 ? this.classesOf(classes, question) : undefined,
      this.judge.isThere && judged.length > 0 ? this.choiceAmong(judged, question) : undefined,
    ]);
    return {
      autoselect,
      ...(told && { classes: told }),
      ...(chosen && { judge: chosen }),
    };
  }

  private async classesOf(
    classes: SoughtAdvice['classes'],
    question: Question,
  ): Promise<NonNullable<Advice['classes']>> {
    const { state, value } = await this.ask(
      'classes',
      this.embedder.isLocal,
      question,
      async () => {
        const known = this.examples.of(classes.flatMap(({ examples }) => examples));
        const [asked = []] = await this.embedder.embed([question.text], this.limits.embeddingMsMax);
        if (isOneSpace([asked, ...known.values()])) {
          const vectorsOf = (texts: readonly string[]) =>
            texts.flatMap((text) => [known.get(text) ?? []]);
          return similarities(
            asked,
            classes.map(({ name, examples }) => ({ name, examples: vectorsOf(examples) })),
          );
        }
        this.examples.forget();
        throw new NoAdvice('unusable');
      },
    );
    return { state, similarities: value ?? {} };
  }

  private async choiceAmong(
    judged: SoughtAdvice['judged'],
    question: Question,
  ): Promise<NonNullable<Advice['judge']>> {
    const { state, value } = await this.ask('judge', this.judge.isLocal, question, () =>
      this.judge.choose(judged, question.text),
    );
    return { state, choice: value ?? null };
  }

  /** Nothing is sent of a prompt that is private, or was not looked at whole, but to a model that may read it. */
  private async ask<Value>(
    kind: 'classes' | 'judge',
    isLocal: boolean,
    { text, isPrivate }: Question,
    call: () => Promise<Value>,
  ): Promise<Readonly<{ state: AdviceState; value?: Value }>> {
    const told = (state: AdviceState) => {
      this.answers.inc({ kind, state });
      return state;
    };
    if (isPrivate && !isLocal) return { state: told('private') };
    if (text === '') return { state: told('unusable') };
    if (this.calls >= this.limits.callsMax) return { state: told('busy') };
    this.calls += 1;
    try {
      return { value: await call(), state: told('given') };
    } catch (error) {
      if (!(error instanceof NoAdvice)) throw error;
      return { state: told(error.state) };
    } finally {
      this.calls -= 1;
    }
  }
}
