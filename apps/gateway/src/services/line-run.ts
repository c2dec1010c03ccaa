import { setTimeout as delay } from 'node:timers/promises';
import { type BatchLine, endpointPaths } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import type { RequestProblem } from '@aisbf/openai';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { BatchCredentials } from '../domain/batch-credentials.js';
import { type BatchRequest, readBatchLine } from '../domain/batch-line.js';
import { faults } from '../domain/faults.js';
import { jsonEndpoints } from '../domain/json-endpoints.js';
import { type JsonEndpoint, readJsonWork } from '../domain/json-work.js';
import { fateOf, pauseMs } from '../domain/line-fate.js';
import { answeredLine } from '../domain/line-outcome.js';
import { requestFault } from '../domain/request-fault.js';
import type { WholeAnswer } from '../domain/sealed-answer.js';
import { responsesEndpoint } from '../domain/translated-endpoints.js';
import { readTranslatedWork } from '../domain/translated-work.js';
import type { Work } from '../domain/work.js';
import { BatchBuyer } from './batch-buyer.js';
import { BatchWorkStore } from './batch-store.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { FaultWords } from './fault-words.js';
import { Inference } from './inference.js';
import { StoredResponses } from './stored-responses.js';

/** `void`: the batch's API token is none any more. */
export type LineEnd = 'ended' | 'postponed' | 'void';

type Run = Readonly<{ batch: ClaimedBatch; line: BatchLine; request: BatchRequest }>;

/** How often an outcome is told to accounts before its request counts as not served. */
const tellings = 4;
const tellAgainMs = 200;

const responsesPath = `/v1${endpointPaths.responses}`;

/**
 * Runs a line of a batch as what it is: a request of its buyer's, under the id that it was given with. Its answer is kept
 * before it is paid for, and counts when it is: what is paid for is there, and what is there is paid for.
 */
@Injectable()
export class LineRun {
  constructor(
    private readonly inference: Inference,
    private readonly responses: StoredResponses,
    private readonly store: BatchWorkStore,
    private readonly words: FaultWords,
    private readonly terms: BatchTerms,
    private readonly log: Log,
  ) {}

  async run(batch: ClaimedBatch, line: BatchLine, left: AbortSignal): Promise<LineEnd> {
    const { batchId, endpoint } = batch.work.batch;
    const bytes = await batch.input.slice(line.offset, line.offset + line.length);
    const request = readBatchLine(bytes, endpoint);
    // Files do not change, and this one was read before.
    if ('code' in request) throw new Error(`line ${line.position} of ${batchId} is none`);
    const run: Run = { batch, line, request };
    try {
      await this.ask(run, left);
      return 'ended';
    } catch (error) {
      return this.failed(run, error);
    }
  }

  private async ask(run: Run, left: AbortSignal): Promise<void> {
    const { batch, line, request } = run;
    const { requestId } = line;
    const { credentials } = batch;
    const { endpoint } = batch.work.batch;
    const isResponse = endpoint === responsesPath;
    const { text, rememberAs } = isResponse
      ? await this.responses.build(callerIn(credentials), request.body)
      : { text: request.body, rememberAs: undefined };
    const work = this.read(batch, text);
    if ('code' in work) throw requestFault(work);
    const call = {
      ...callerIn(credentials),
      ...{ requestId, work, isBatch: true },
      ...(rememberAs && { remember: rememberAs(requestId) }),
      keep: (answer: WholeAnswer) => this.keep(run, answer),
    };
    await this.inference.run(call, new BatchBuyer(left));
  }

  /** As at the address that the batch was made at. */
  private read({ work, credentials }: ClaimedBatch, text: string): Work | RequestProblem {
    const { endpoint } = work.batch;
    const { signalLimits } = this.terms;
    const terms = { place: credentials.place, sessionHeader: undefined, signalLimits };
    if (endpoint === responsesPath) return readTranslatedWork(responsesEndpoint, text, terms);
    return readJsonWork(endpointAt(endpoint), text, terms);
  }

  private async keep(run: Run, { status, body }: WholeAnswer): Promise<void> {
    const text = new TextDecoder().decode(body);
    if (!(await this.record(run, 'output', status, text))) throw faults.BATCH_LINE_CLOSED();
  }

  private async failed(run: Run, thrown: unknown): Promise<LineEnd> {
    const { line } = run;
    const { requestId } = line;
    const { fault, status, body } = this.words.of(thrown);
    if (!fault) this.log.error({ requestId, error: thrown }, 'a bug');
    const fate = fault ? fateOf(fault) : 'again';
    if (fate === 'closed') return 'ended';
    if (fate === 'void') return 'void';
    const isTry = fate === 'again';
    if (fate === 'later' || (isTry && line.tries + 1 < this.terms.retries.triesMax)) {
      await this.postpone(run, isTry, fault);
      return 'postponed';
    }
    await this.record(run, 'error', status, JSON.stringify(body));
    return 'ended';
  }

  private async postpone({ batch, line }: Run, isTry: boolean, fault?: Fault): Promise<void> {
    const { retryAfterMs } = fault?.details ?? {};
    const askedMs = typeof retryAfterMs === 'number' ? retryAfterMs : 0;
    await this.store.postpone({
      ...{ type: 'postpone-batch-line', ...batch.claim, isTry },
      ...{ position: line.position, requestId: line.requestId },
      delayMs: pauseMs(line.pauses, this.terms.retries, askedMs),
    });
  }

  /** Telling it twice is telling it once. */
  private async record(
    { batch, line, request }: Run,
    result: 'output' | 'error',
    status: number,
    body: string,
  ): Promise<boolean> {
    const { position, requestId } = line;
    const text = answeredLine({ customId: request.customId, requestId, status, body });
    const sealed = batch.series.seal(Buffer.from(text), { position });
    const { batchId } = batch.claim;
    for (let telling = 1; ; telling += 1) {
      try {
        return await this.store.record({ batchId, position, result, requestId, sealed });
      } catch (error) {
        const isLost = error instanceof Fault && error.kind === 'unavailable';
        if (!isLost || telling >= tellings) throw error;
        await delay(tellAgainMs * 2 ** telling);
      }
    }
  }
}

function callerIn({ apiToken, pathUsername, clientAddress }: BatchCredentials) {
  return { apiToken, pathUsername, clientAddress };
}

function endpointAt(path: string): JsonEndpoint {
  const endpoint = jsonEndpoints.find(({ name }) => `/v1${endpointPaths[name]}` === path);
  // By a gateway that serves more than this one.
  if (!endpoint) throw faults.ENDPOINT_MISSING();
  return endpoint;
}
