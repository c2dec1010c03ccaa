import type { Units } from '@aisbf/contracts';
import type { ModelFamily } from '@aisbf/metering';
import { isObject, type JsonBody, type RealtimeUsage, type Usage } from '@aisbf/openai';
import { Dialogue } from './dialogue.js';
import { type AnswerRoom, type AskedAnswer, RealtimeAnswer } from './realtime-answer.js';
import type { SoFar } from './so-far.js';
import {
  type SoundFormats,
  secondsOf,
  soundFormatsAfter,
  soundFormatsDefault,
} from './sound-format.js';

/** What a session has come to. */
export type SessionBill = Readonly<{ units: Units; usage: Usage | null; hasContent: boolean }>;

/** What answers have used, each sort apart. */
type Used = Readonly<{ prompt: number; cached: number; completion: number; spoken: number }>;

type Update = Readonly<{ eventId: string | null; session: JsonBody }>;

/**
 * What a session has used, by our own count, and what its answers may still use. Prompts are counted anew for each answer, as
 * with every other endpoint; a second of sound counts once, whichever way it went.
 */
export class SessionBook {
  readonly dialogue: Dialogue;
  private formats: SoundFormats = soundFormatsDefault;
  private readonly updates: Update[] = [];
  private readonly asked: AskedAnswer[] = [];
  private readonly running = new Map<string, RealtimeAnswer>();
  private tokensMax: number | undefined;
  /** Its answers are words alone. */
  private isSilent = false;
  /** The buyer has given it tools that it calls by itself, and may answer about. */
  private callsTools = false;
  /** How many answers it may still begin by itself, until the buyer says something again. */
  private followUps = 0;
  private heard = 0;
  /** Of that, what no answer has followed yet. */
  private unanswered = 0;
  private finished: Used = { prompt: 0, cached: 0, completion: 0, spoken: 0 };
  private reported: Usage | null = null;

  constructor(
    private readonly family: ModelFamily,
    /** What one answer is given at first. */
    private readonly room: AnswerRoom,
    private readonly followUpsMax: number,
  ) {
    this.dialogue = new Dialogue(family);
  }

  /** Whether an answer is under way, or asked for. */
  get isAnswering(): boolean {
    return this.running.size + this.asked.length > 0;
  }

  /** Whether the next answer that begins was asked for. */
  get hasQuestion(): boolean {
    return this.asked.length > 0;
  }

  /** Whether an answer may begin: it was asked for, there is sound that it answers, or it follows from a tool. */
  get mayBegin(): boolean {
    return this.hasQuestion || this.unanswered > 0 || this.followUps > 0;
  }

  /** The buyer wants the session changed. It is, when the model says so. */
  update(update: Update): void {
    this.updates.push(update);
  }

  updated(): void {
    const session = this.updates.shift()?.session;
    if (!session) return;
    this.formats = soundFormatsAfter(session, this.formats);
    this.tokensMax = tokensMaxOf(session) ?? this.tokensMax;
    this.isSilent = isSilentBy(session) ?? this.isSilent;
    this.callsTools = hasOwnTools(session) ?? this.callsTools;
    this.dialogue.updated(session);
  }

  /** The model has refused what the buyer had sent: by its name, or the last question where it has none. */
  refused(eventId: string | null): void {
    if (eventId === null) {
      this.asked.pop();
      return;
    }
    for (const waiting of [this.updates, this.asked]) {
      const at = waiting.findIndex((one) => one.eventId === eventId);
      if (at >= 0) waiting.splice(at, 1);
    }
  }

  /** An answer, as it would be asked for. */
  question(options: JsonBody, eventId: string | null): AskedAnswer {
    const tokensMax = tokensMaxOf(options) ?? this.tokensMax ?? this.room.tokens;
    return {
      eventId,
      promptTokens: this.dialogue.tokensFor(options),
      isKept: options.conversation !== 'none',
      callsTools: hasOwnTools(options) ?? this.callsTools,
      room: {
        tokens: Math.min(tokensMax, this.room.tokens),
        ticks: (isSilentBy(options) ?? this.isSilent) ? 0 : this.room.ticks,
      },
    };
  }

  ask(question: AskedAnswer): void {
    this.asked.push(question);
    this.followUps = question.callsTools ? this.followUpsMax : 0;
  }

  /** The buyer has added an item: it may let the model call a tool. */
  said(item: unknown): void {
    this.dialogue.said(item);
    const isLeave = isObject(item) && item.type === 'mcp_approval_response';
    if (isLeave && this.callsTools) this.followUps = this.followUpsMax;
  }

  /** An answer begins; one that nobody has asked for was begun by the model, which has heard somebody pause. */
  begin(responseId: string): RealtimeAnswer {
    const asked = this.asked.shift() ?? this.unasked();
    const answer = new RealtimeAnswer(asked, this.family.tokenizer, this.unanswered);
    this.unanswered = 0;
    this.running.set(responseId, answer);
    return answer;
  }

  answer(responseId: string): RealtimeAnswer | undefined {
    return this.running.get(responseId);
  }

  /** How long so many bytes of the buyer's last. */
  ticksHeardIn(bytes: number): number {
    return bytes * this.formats.input;
  }

  ticksSpokenIn(bytes: number): number {
    return bytes * this.formats.output;
  }

  hear(ticks: number): void {
    this.heard += ticks;
    this.unanswered += ticks;
  }

  /** The model has said all of an answer; what comes next builds on it. */
  done(answer: RealtimeAnswer, usage: RealtimeUsage | null): void {
    const { asked, delivery, itemId } = answer;
    answer.usage = usage;
    if (asked.isKept) this.dialogue.answered(itemId, delivery.sent);
  }

  /** An answer has ended. What has left of it by now is paid for, unless its model has failed. */
  finish(responseId: string, hasFailed: boolean): void {
    const answer = this.running.get(responseId);
    if (!answer) return;
    this.running.delete(responseId);
    if (hasFailed) this.heard -= answer.heardTicks;
    else this.settle(answer);
  }

  /** What is to be held, so that all that runs, and this besides, can be delivered. */
  needs(more: Readonly<{ question?: AskedAnswer; ticks?: number }> = {}): Units {
    const open = [...this.asked, ...(more.question ? [more.question] : [])];
    let prompt = this.finished.prompt + this.finished.cached;
    let completion = this.finished.completion;
    let ticks = this.heard + this.finished.spoken + (more.ticks ?? 0);
    for (const { promptTokens, room } of [...open, ...this.rooms()]) {
      prompt += promptTokens;
      completion += room.tokens;
      ticks += room.ticks;
    }
    return { prompt_token: prompt, completion_token: completion, audio_second: secondsOf(ticks) };
  }

  /** Of answers under way: either what has left of them counts, or nothing. */
  bill(isRunningPaid: boolean): SessionBill {
    for (const id of [...this.running.keys()]) this.finish(id, !isRunningPaid);
    if (!isRunningPaid) this.heard -= this.unanswered;
    this.unanswered = 0;
    const units = unitsOf(this.finished, this.heard);
    return { units, usage: this.reported, hasContent: isSomething(units) };
  }

  /** What the bill would be if nobody came to write it; undefined while there is nothing to pay for. */
  get soFar(): SoFar | undefined {
    const running = [...this.running.values()];
    const unfinished = running.reduce((sum, { heardTicks }) => sum + heardTicks, this.unanswered);
    const finished = unitsOf(this.finished, this.heard - unfinished);
    const delivered = unitsOf(running.reduce(usedWith, this.finished), this.heard);
    if (!isSomething(delivered)) return undefined;
    return { finished: isSomething(finished) ? finished : {}, delivered };
  }

  private unasked(): AskedAnswer {
    if (this.unanswered === 0) this.followUps -= 1;
    else this.followUps = this.callsTools ? this.followUpsMax : 0;
    return this.question({}, null);
  }

  private *rooms() {
    for (const { asked, room } of this.running.values()) {
      yield { promptTokens: asked.promptTokens, room };
    }
  }

  private settle(answer: RealtimeAnswer): void {
    const { delivery, usage } = answer;
    this.finished = usedWith(this.finished, answer);
    // What stands in one figure with sound cannot be compared with words.
    const isComparable = usage !== null && (usage.isToldApart || delivery.media === 0);
    if (isComparable) this.reported = sumOf(this.reported, usage, readBy(answer));
  }
}

/**
 * The model's word counts in two places, and both times against itself: how much of the prompt it had cached, and here, where
 * it has read less than all of it, since a conversation may have outgrown its window.
 */
function readBy({ asked, usage }: RealtimeAnswer): number {
  return Math.min(asked.promptTokens, usage?.promptTokens ?? asked.promptTokens);
}

function usedWith({ prompt, cached, completion, spoken }: Used, answer: RealtimeAnswer): Used {
  const { delivery, usage } = answer;
  const read = readBy(answer);
  const known = Math.min(usage?.cachedPromptTokens ?? 0, read);
  return {
    prompt: prompt + read - known,
    cached: cached + known,
    completion: completion + delivery.outputTokens,
    spoken: spoken + delivery.media,
  };
}

function unitsOf({ prompt, cached, completion, spoken }: Used, heard: number): Units {
  const seconds = secondsOf(heard + spoken);
  return {
    prompt_token: prompt,
    ...(cached > 0 && { cached_prompt_token: cached }),
    completion_token: completion,
    ...(seconds > 0 && { audio_second: seconds }),
  };
}

/** A prompt alone is nothing that was delivered. */
function isSomething({ completion_token: words = 0, audio_second: seconds = 0 }: Units): boolean {
  return words + seconds > 0;
}

/**
 * What is compared with our count, and shown on the receipt. Of prompts no more than we have seen ourselves: what an upstream
 * puts in front of each answer is not billed, and over many answers an honest one would look like a liar.
 */
function sumOf(before: Usage | null, usage: Usage, promptTokens: number): Usage {
  const cached = (before?.cachedPromptTokens ?? 0) + (usage.cachedPromptTokens ?? 0);
  return {
    promptTokens: (before?.promptTokens ?? 0) + promptTokens,
    completionTokens: (before?.completionTokens ?? 0) + usage.completionTokens,
    ...(cached > 0 && { cachedPromptTokens: cached }),
  };
}

/** `inf`, and what is no number, limit nothing. */
function tokensMaxOf(options: JsonBody): number | undefined {
  const named = options.max_output_tokens ?? options.max_response_output_tokens;
  const isCount = typeof named === 'number' && Number.isInteger(named) && named > 0;
  return isCount ? named : undefined;
}

function isSilentBy(options: JsonBody): boolean | undefined {
  const named = options.output_modalities ?? options.modalities;
  return Array.isArray(named) ? !named.includes('audio') : undefined;
}

/** Tools that the model's own server calls; undefined where nothing is said of tools. */
function hasOwnTools({ tools }: JsonBody): boolean | undefined {
  if (!Array.isArray(tools)) return undefined;
  return tools.some((tool) => isObject(tool) && tool.type === 'mcp');
}

/** The options of a `response.create`. */
export function optionsOf(body: JsonBody): JsonBody {
  return isObject(body.response) ? body.response : {};
}
