import { type BatchLine, endpointPaths, type Settle } from '@aisbf/contracts';
import type { RequestProblem } from '@aisbf/openai';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import type { BatchCredentials } from '../domain/batch-credentials.js';
import { readBatchLine } from '../domain/batch-line.js';
import { faults } from '../domain/faults.js';
import { jsonEndpoints } from '../domain/json-endpoints.js';
import { type JsonEndpoint, readJsonWork } from '../domain/json-work.js';
import { fateOf } from '../domain/line-fate.js';
import { requestFault } from '../domain/request-fault.js';
import type { WholeAnswer } from '../domain/sealed-answer.js';
import { responsesEndpoint } from '../domain/translated-endpoints.js';
import { readTranslatedWork } from '../domain/translated-work.js';
import type { Work } from '../domain/work.js';
import { BatchBuyer } from './batch-buyer.js';
import { BatchTerms, type ClaimedBatch } from './claimed-batch.js';
import { FaultWords } from './fault-words.js';
import { Inference } from './inference.js';
import { LineEnds, type LineGo } from './line-ends.js';
import { StoredResponses } from './stored-responses.js';

/** `lost`: it has no outcome by this go. `void`: the batch's API token is none any more. */
export type LineEnd = 'ended' | 'postponed' | 'lost' | 'void';

const responsesPath = `/v1${endpointPaths.responses}`;

/**
 * Runs a line of a batch as what it is: a request of its buyer's. What it costs is settled with its outcome, so that what
 * is paid for is there, and what is there is paid for.
 */
@Injectable()
export class LineRun {
  constructor(
    private readonly inference: Inference,
    private readonly responses: StoredResponses,
    private readonly ends: LineEnds,
    private readonly words: FaultWords,
    private readonly terms: BatchTerms,
    private readonly log: Log,
  ) {}

  async run(batch: ClaimedBatch, line: BatchLine, unwanted: AbortSignal): Promise<LineEnd> {
    const { batchId, endpoint } = batch.work.batch;
    const bytes = await batch.input.slice(line.offset, line.offset + line.length);
    const request = readBatchLine(bytes, endpoint);
    // Files do not change, and this one was read before.
    if ('code' in request) throw new Error(`line ${line.position} of ${batchId} is none`);
    const go: LineGo = { batch, line, customId: request.customId };
    try {
      await this.ask(go, request.body, unwanted);
      if (go.answer) return (await this.ends.answered(go, go.answer)) ? 'ended' : 'lost';
      await this.ends.release(go);
      return 'lost';
    } catch (error) {
      return this.failed(go, error);
    }
  }

  private async ask(go: LineGo, body: string, unwanted: AbortSignal): Promise<void> {
    const { requestId } = go.line;
    const { credentials, work: claimed } = go.batch;
    const isResponse = claimed.batch.endpoint === responsesPath;
    const { text, rememberAs } = isResponse
      ? await this.responses.build(callerIn(credentials), body)
      : { text: body, rememberAs: undefined };
    const work = this.read(go.batch, text);
    if ('code' in work) throw requestFault(work);
    const call = {
      ...callerIn(credentials),
      ...{ requestId, work, isBatch: true },
      ...(rememberAs && { remember: rememberAs(requestId) }),
      keep: async (answer: WholeAnswer) => {
        go.answer = answer;
      },
      settle: (settlement: Settle, holdExpiresAtMs: number) => {
        go.ended = { settlement, holdExpiresAtMs };
      },
    };
    await this.inference.run(call, new BatchBuyer(unwanted));
  }

  /** As at the address that the batch was made at. */
  private read({ work, credentials }: ClaimedBatch, text: string): Work | RequestProblem {
    const { endpoint } = work.batch;
    const { signalLimits } = this.terms;
    const terms = { place: credentials.place, sessionHeader: undefined, signalLimits };
    if (endpoint === responsesPath) return readTranslatedWork(responsesEndpoint, text, terms);
    return readJsonWork(endpointAt(endpoint), text, terms);
  }

  private async failed(go: LineGo, thrown: unknown): Promise<LineEnd> {
    const { fault, status, body } = this.words.of(thrown);
    const { requestId, tries } = go.line;
    if (!fault) this.log.error({ requestId, error: thrown }, 'a bug');
    const fate = fault ? fateOf(fault) : 'again';
    if (fate === 'void') return 'void';
    const isTry = fate === 'again';
    if (fate === 'later' || (isTry && tries + 1 < this.terms.retries.triesMax)) {
      await this.ends.postpone(go, isTry, fault);
      return 'postponed';
    }
    return (await this.ends.refused(go, status, JSON.stringify(body))) ? 'ended' : 'lost';
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
