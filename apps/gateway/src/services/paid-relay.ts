import type { Candidate, Extend } from '@aisbf/contracts';
import { familyOf } from '@aisbf/metering';
import { type ApiRequest, plainTelling } from '@aisbf/openai';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { deliveredUnits } from '../domain/delivered-units.js';
import { Delivery } from '../domain/delivery.js';
import { formFor, unitsHeld } from '../domain/work.js';
import { AnswerLimits, type Exchange, type RelayEnd, relayWhole } from './answer-relay.js';
import { relayBytes } from './bytes-relay.js';
import { Checkpoints } from './checkpoints.js';
import { Holds } from './holds.js';
import { OutputHold, type OutputHoldParts, OutputHoldSettings } from './output-hold.js';
import { heldBy, type Passage, type Passed, Relay } from './relay.js';
import { type SoundMeter, SoundMeters } from './sound-meters.js';
import { type StreamParts, StreamRelay } from './stream-relay.js';

/**
 * The model counts what it was allowed by its own measure, which may be less than ours says. Beyond this much more, it
 * is not the buyer's limit any more that holds the model back.
 */
const limitTolerance = { share: 1.25, tokens: 16 };

/** Passes an answer on to the buyer, a stream as far as there is money for it. */
@Injectable()
export class PaidRelay extends Relay {
  constructor(
    private readonly limits: AnswerLimits,
    private readonly holds: Holds,
    private readonly checkpoints: Checkpoints,
    private readonly sounds: SoundMeters,
    private readonly clock: Clock,
    private readonly settings: OutputHoldSettings,
  ) {
    super();
  }

  async run(passage: Passage): Promise<Passed> {
    const isSound = passage.work.request.output?.kind === 'audio_second';
    const sound = isSound ? this.sounds.begin() : undefined;
    try {
      return await this.pass(passage, sound);
    } finally {
      await sound?.discard();
    }
  }

  private async pass(passage: Passage, sound: SoundMeter | undefined): Promise<Passed> {
    const { work, plan, candidate, promptTokens, startedAtMs } = passage;
    const { request } = work;
    const { dialect } = formFor(work, candidate.endpoint);
    const { tokenizer } = familyOf(candidate.model);
    const delivery = new Delivery(tokenizer, sound && ((piece) => sound.leave(piece)));
    const terms = {
      requestId: plan.requestId,
      startedAtMs,
      promptTokens,
      outputTokens: () => delivery.sent,
    };
    const telling = dialect.telling?.(terms) ?? plainTelling(dialect);
    const exchange = { ...passage.exchange, limits: this.limits, dialect, telling };
    const hold = this.holdFor(passage);
    const usage = request.hasUsageChunk ? { promptTokens } : undefined;
    const parts = { exchange, delivery, hold, usage, clock: this.clock, sound };
    const unwatch = sound ? undefined : this.watch(passage, parts);
    const relayed = await this.relay(parts, request).finally(unwatch);
    if (sound) delivery.media = await sound.seconds(soundTypeOf(exchange, request));
    return { relayed, delivery, outputTokensHeld: hold.tokens };
  }

  /** Of a stream that is cut by a crash of ours nothing is finished. */
  private watch(passage: Passage, { delivery, hold }: StreamParts) {
    const { candidate, work, promptTokens } = passage;
    if (!work.request.isStream) return undefined;
    const soFar = () => {
      if (!delivery.hasContent) return undefined;
      const served = { candidate, delivery, outputTokensHeld: hold.tokens };
      return { finished: {}, delivered: deliveredUnits(served, work, promptTokens) };
    };
    return this.checkpoints.watch({ ...heldBy(passage), soFar });
  }

  private async relay(parts: StreamParts, request: ApiRequest): Promise<RelayEnd> {
    const { exchange, delivery, hold, sound } = parts;
    const { contentType } = exchange.answer;
    const { output, isAnyForm = false } = request;
    const isStream = isAnyForm ? /^text\/event-stream/i.test(contentType) : request.isStream;
    if (isStream) return new StreamRelay(parts).run();
    const isText = /\bjson\b|^text\//i.test(contentType);
    if (isText || !(output || isAnyForm)) return relayWhole(exchange, delivery, hold);
    const relayed = await relayBytes(exchange, delivery, sound);
    if (relayed.kind === 'ended' && relayed.end === 'finished') delivery.media = 1;
    return relayed;
  }

  private holdFor(passage: Passage): OutputHold {
    const { work, candidate, promptTokens } = passage;
    const { request } = work;
    const held = candidate.outputTokensHeld;
    const asked =
      request.outputTokensMax === null ? null : request.outputTokensMax * request.choices;
    const extension = (tokens: number): Extend => ({
      type: 'extend',
      ...heldBy(passage),
      units: { ...unitsHeld(work), prompt_token: promptTokens, completion_token: tokens },
    });
    return new OutputHold({
      held,
      limit: limitOf(candidate, asked),
      isEnough: held !== null && asked !== null && asked <= held,
      settings: this.settings,
      ask: async (tokens) => (await this.holds.extend(extension(tokens))).result,
    });
  }
}

function soundTypeOf({ answer }: Exchange, { body, isStream }: ApiRequest): string {
  const said = isStream ? '' : answer.contentType;
  return body.response_format === 'pcm' ? 'audio/pcm' : said;
}

/** The narrower of the two limits that a buyer can set. */
function limitOf(
  { outputTokensPayable: payable }: Candidate,
  asked: number | null,
): OutputHoldParts['limit'] {
  const allowed =
    asked === null ? undefined : Math.ceil(asked * limitTolerance.share) + limitTolerance.tokens;
  if (payable !== undefined && (allowed === undefined || payable <= allowed))
    return { tokens: payable, notice: 'max_cost_reached' };
  return allowed === undefined ? undefined : { tokens: allowed, notice: 'max_tokens_reached' };
}
