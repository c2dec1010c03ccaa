import { connect } from 'node:net';
import type { TestBuyer } from '@aisbf/testkit';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

export type SessionEnd = Readonly<{ code: number; requestId: string }>;

/** A session of the official client, which insists on TLS; that stands in front of a market. */
export class RealtimeSession {
  readonly talk: OpenAIRealtimeWS;
  readonly codes: unknown[] = [];
  readonly ended: Promise<SessionEnd>;
  private requestId = '';

  constructor(url: string, { apiToken }: Pick<TestBuyer, 'apiToken'>, model: string) {
    const { hostname, port } = new URL(url);
    const client = new OpenAI({ apiKey: apiToken, baseURL: `${url}/v1` });
    const options = { createConnection: () => connect(Number(port), hostname) } as object;
    this.talk = new OpenAIRealtimeWS({ model, options }, client);
    this.talk.on('error', ({ error, message }) => this.codes.push(error?.code ?? message));
    this.ended = new Promise((resolve) => {
      const { socket } = this.talk;
      socket.on('upgrade', ({ headers }) => {
        this.requestId = String(headers['x-request-id']);
      });
      socket.on('close', (code) => resolve({ code, requestId: this.requestId }));
    });
  }

  async opened(): Promise<this> {
    await this.talk.emitted('session.created');
    return this;
  }

  ask(text: string): void {
    const content = [{ type: 'input_text' as const, text }];
    const item = { type: 'message' as const, role: 'user' as const, content };
    this.talk.send({ type: 'conversation.item.create', item });
    this.talk.send({ type: 'response.create' });
  }

  async answer(text: string): Promise<void> {
    const done = this.talk.emitted('response.done');
    this.ask(text);
    await done;
  }

  async close(): Promise<SessionEnd> {
    this.talk.close();
    return this.ended;
  }
}
