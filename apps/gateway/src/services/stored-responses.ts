import type { FindResponse, ForgetResponse, KeepResponse } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { isStored, type JsonBody, readJsonBody, responseId } from '@aisbf/openai';
import { Log } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { inputItems } from '../domain/response-input.js';
import {
  conversationOf,
  openResponse,
  type StoredResponse,
  sealResponse,
} from '../domain/sealed-response.js';

export class StoredResponseLimits {
  constructor(
    /** A larger conversation is not kept. */
    readonly bytesMax: number,
  ) {}
}

/** Where responses are kept, encrypted. */
export abstract class StoredResponseStore {
  /** Null where there is none, or it is somebody else's. */
  abstract find(question: FindResponse): Promise<string | null>;
  abstract keep(request: KeepResponse): Promise<void>;
  abstract forget(request: ForgetResponse): Promise<boolean>;
}

/** Who asks. */
export type ResponseCaller = Pick<FindResponse, 'apiToken' | 'pathUsername' | 'clientAddress'>;

/** A request with all that it builds on in its own text, and what keeps the answer to it. */
export type BuiltRequest = Readonly<{
  text: string;
  rememberAs: (requestId: string) => (answer: string) => Promise<void>;
}>;

/** Responses that later requests build on. What is kept can be read with the API token alone that it was given to. */
@Injectable()
export class StoredResponses {
  constructor(
    private readonly store: StoredResponseStore,
    private readonly limits: StoredResponseLimits,
    private readonly log: Log,
  ) {}

  async get(caller: ResponseCaller, id: string): Promise<StoredResponse> {
    const stored = await this.find(caller, id);
    if (!stored) throw faults.RESPONSE_MISSING();
    return stored;
  }

  async forget(caller: ResponseCaller, id: string): Promise<void> {
    // Whoever could not read it does not forget it for others either.
    await this.get(caller, id);
    await this.store.forget({ type: 'forget-response', ...caller, id });
  }

  /** Puts what was said before in front of what is said now. What is no request is told so by whoever reads it. */
  async build(caller: ResponseCaller, text: string): Promise<BuiltRequest> {
    const read = readJsonBody(text);
    const body = 'body' in read ? read.body : {};
    const { previous_response_id: previousId } = body;
    const before = typeof previousId === 'string' ? await this.before(caller, previousId) : [];
    const input = [...before, ...inputItems(body)];
    const changed = {
      ...(before.length > 0 && { input }),
      ...(isStored(body) && this.isTooLarge(input) && { store: false }),
    };
    const isChanged = Object.keys(changed).length > 0;
    return {
      text: isChanged ? JSON.stringify({ ...body, ...changed }) : text,
      rememberAs: (requestId) => (answer) =>
        this.keep(caller, responseId(requestId), input, answer),
    };
  }

  private isTooLarge(input: readonly JsonBody[]): boolean {
    return Buffer.byteLength(JSON.stringify(input)) > this.limits.bytesMax;
  }

  private async before(caller: ResponseCaller, id: string): Promise<readonly JsonBody[]> {
    const stored = await this.find(caller, id);
    if (!stored) throw faults.PREVIOUS_RESPONSE_NOT_FOUND({ param: 'previous_response_id' });
    return conversationOf(stored);
  }

  private async find(caller: ResponseCaller, id: string): Promise<StoredResponse | undefined> {
    if (!/^resp_[0-9a-f]{32}$/.test(id)) return undefined;
    const sealed = await this.store.find({ type: 'find-response', ...caller, id });
    return sealed === null ? undefined : openResponse(sealed, id, caller.apiToken);
  }

  private async keep(
    caller: ResponseCaller,
    id: string,
    input: readonly JsonBody[],
    answer: string,
  ): Promise<void> {
    const stored = { input, response: JSON.parse(answer) as JsonBody };
    const sealed = sealResponse(stored, id, caller.apiToken);
    try {
      await this.store.keep({ type: 'keep-response', ...caller, id, response: sealed });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // The buyer has the answer; a request that builds on it is told that it is not there.
      this.log.warn({ id, error }, 'a response could not be kept');
    }
  }
}
