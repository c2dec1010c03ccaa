import type { ReportedUsage, Units } from '@aisbf/contracts';

/** Tokens of some requests, as we counted them and as their seller did. */
export type UsageFigures = Readonly<{
  requests: number;
  ours: Tokens;
  /** Differences that a request cannot help having are left out, and none counts for more than all of its request. */
  excess: Tokens;
  reported: Tokens;
}>;

type Tokens = Readonly<{ prompt: number; output: number }>;

/** What is between a seller's counts and ours, the worse of prompts and output, in basis points of ours. */
export function differenceBpsOf({ ours, excess }: UsageFigures): number {
  return Math.max(share(excess.prompt, ours.prompt), share(excess.output, ours.output));
}

function share(excess: number, ours: number): number {
  return ours === 0 ? 0 : Math.round((Math.abs(excess) * 10_000) / ours);
}

export type UsageLimits = Readonly<{ flagBps: number; pauseBps: number }>;
export type UsageVerdict = 'fine' | 'flagged' | 'paused';

/** What follows from a difference; `deviation` is what our own measure may be off for this model, as a share. */
export function usageVerdict(
  differenceBps: number,
  limits: UsageLimits,
  deviation: number,
): UsageVerdict {
  const excused = Math.round(deviation * 10_000);
  if (differenceBps > limits.pauseBps + excused) return 'paused';
  return differenceBps > limits.flagBps + excused ? 'flagged' : 'fine';
}

type Sample = Readonly<{ ours: Tokens; excess: Tokens; reported: Tokens }>;

/** Marks that chat formats put around a prompt and behind an answer, and that a gateway does not see. */
const unseen: Tokens = { prompt: 64, output: 8 };

const nothing: Tokens = { prompt: 0, output: 0 };

/** The latest so many requests of one provider's model. */
export class UsageWindow {
  private readonly samples: Sample[] = [];
  private next = 0;
  private sums: Sample = { ours: nothing, excess: nothing, reported: nothing };

  constructor(private readonly requestsMax: number) {}

  get isFull(): boolean {
    return this.samples.length === this.requestsMax;
  }

  get figures(): UsageFigures {
    return { requests: this.samples.length, ...this.sums };
  }

  add(units: Units, reported: ReportedUsage): void {
    const sample = sampleOf(units, reported);
    const former = this.samples[this.next];
    this.samples[this.next] = sample;
    this.next = (this.next + 1) % this.requestsMax;
    this.sums = {
      ours: moved(this.sums.ours, sample.ours, former?.ours),
      excess: moved(this.sums.excess, sample.excess, former?.excess),
      reported: moved(this.sums.reported, sample.reported, former?.reported),
    };
  }
}

function moved(sum: Tokens, added: Tokens, removed: Tokens = nothing): Tokens {
  return {
    prompt: sum.prompt + added.prompt - removed.prompt,
    output: sum.output + added.output - removed.output,
  };
}

function sampleOf(units: Units, said: ReportedUsage): Sample {
  const thought = units.reasoning_token ?? 0;
  const ours = {
    prompt: (units.prompt_token ?? 0) + (units.cached_prompt_token ?? 0),
    output: (units.completion_token ?? 0) + thought,
  };
  // What was thought out of sight is in the seller's count of the output, but not in ours.
  const hidden = thought === 0 ? (said.reasoningTokens ?? 0) : 0;
  const reported = {
    prompt: said.promptTokens,
    output: Math.max(0, said.completionTokens - hidden),
  };
  const excess = {
    prompt: excessOf(reported.prompt, ours.prompt, unseen.prompt),
    output: excessOf(reported.output, ours.output, unseen.output),
  };
  return { ours, excess, reported };
}

/** One absurd figure must not outweigh a hundred honest ones. */
function excessOf(reported: number, ours: number, tolerated: number): number {
  const difference = reported - ours;
  const beyond = Math.max(0, Math.abs(difference) - tolerated);
  return Math.sign(difference) * Math.min(beyond, ours);
}
