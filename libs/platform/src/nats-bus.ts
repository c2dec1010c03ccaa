import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { type z } from 'zod';
import { type Log } from './log.js';
import { platformFaults } from './platform-faults.js';

export type NatsBusOptions = Readonly<{
  url: string;
  name: string;
  log: Log;
  /** Whether its own messages come back where it listens to their subject; they do where not said. */
  hearsItself?: boolean;
}>;

/** How the answers to one question end. */
export type Asking<Message> = Readonly<{
  /** In all; whoever has not given the last answer by then has not answered. */
  waitMs: number;
  isLast: (message: Message) => boolean;
}>;

/** Facts between our processes: JSON on NATS, each message parsed at the door. Also the DI token. */
export class NatsBus {
  private readonly reconnectListeners = new Set<() => void>();
  private hasServer = true;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly log: Log,
  ) {}

  /** Connects, and keeps reconnecting for ever: a lost server is a wait, never an exit. */
  static async connect({ url, name, log, hearsItself = true }: NatsBusOptions): Promise<NatsBus> {
    const connection = await connect({
      servers: url,
      name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      waitOnFirstConnect: true,
      noEcho: !hearsItself,
    });
    const bus = new NatsBus(connection, log);
    void bus.watch();
    return bus;
  }

  /** As far as is known: a server that has gone silent is found out by its missing answers. */
  get isConnected(): boolean {
    return this.hasServer && !this.connection.isClosed();
  }

  /** Asks the server for an answer: false where the connection is not alive. */
  async isAlive(): Promise<boolean> {
    await this.connection.flush();
    return true;
  }

  publish(subject: string, message: unknown, replySubject?: string): void {
    const options = replySubject === undefined ? {} : { reply: replySubject };
    this.connection.publish(subject, JSON.stringify(message), options);
  }

  /** The same of a message that is JSON already. */
  publishText(subject: string, json: string): void {
    this.connection.publish(subject, json);
  }

  /** Calls back for each message of this form; others are logged and dropped. */
  subscribe<Schema extends z.ZodType>(
    subject: string,
    schema: Schema,
    onMessage: (message: z.infer<Schema>, reply: string | undefined) => void,
  ): Subscription {
    return this.connection.subscribe(subject, {
      callback: (error, raw) => {
        if (error) return this.log.error({ subject, error }, 'a subscription failed');
        const message = this.open(subject, schema, () => raw.json());
        if (message !== undefined) onMessage(message, raw.reply);
      },
    });
  }

  /**
   * Calls back each time that the connection is there again after it was lost. Whatever was sent meanwhile,
   * by us or to us, is lost.
   */
  onReconnected(listener: () => void): { unsubscribe: () => void } {
    this.reconnectListeners.add(listener);
    return { unsubscribe: () => this.reconnectListeners.delete(listener) };
  }

  /** Asks the one that listens there, which answers with several messages. A fault where it does not. */
  async ask<Schema extends z.ZodType>(
    subject: string,
    question: unknown,
    schema: Schema,
    { waitMs, isLast }: Asking<z.infer<Schema>>,
  ): Promise<readonly z.infer<Schema>[]> {
    if (!this.isConnected) throw platformFaults.PEER_UNREACHABLE();
    const answers: z.infer<Schema>[] = [];
    try {
      const replies = await this.connection.requestMany(subject, JSON.stringify(question), {
        strategy: 'timer',
        maxWait: waitMs,
      });
      for await (const reply of replies) {
        const answer = this.open(subject, schema, () => reply.json());
        if (answer === undefined) break;
        answers.push(answer);
        if (isLast(answer)) return answers;
      }
    } catch (error) {
      throw platformFaults.PEER_UNREACHABLE({}, { cause: error });
    }
    throw platformFaults.PEER_UNREACHABLE({ answers: answers.length, waitMs });
  }

  /** A subject that only this connection listens to, for answers that come in several messages. */
  inbox(): string {
    return `_INBOX.aisbf.${crypto.randomUUID()}`;
  }

  jetStream(): JetStreamClient {
    return jetstream(this.connection);
  }

  /** Rejects at once while the bus is away, so that nobody waits for what cannot come. */
  async jetStreamManager(): Promise<JetStreamManager> {
    if (!this.isConnected) throw platformFaults.PEER_UNREACHABLE();
    return jetstreamManager(this.connection);
  }

  /** Resolves when the server has everything that was published. */
  async flush(): Promise<void> {
    await this.connection.flush();
  }

  async close(): Promise<void> {
    if (!this.connection.isClosed()) await this.connection.drain();
  }

  /** Ends with the connection. */
  private async watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') this.hasServer = false;
      if (type !== 'reconnect') continue;
      this.hasServer = true;
      for (const listener of this.reconnectListeners) listener();
    }
  }

  private open<Schema extends z.ZodType>(
    subject: string,
    schema: Schema,
    read: () => unknown,
  ): z.infer<Schema> | undefined {
    try {
      return schema.parse(read());
    } catch (error) {
      this.log.warn({ subject, error }, 'a message of an unknown form was dropped');
      return undefined;
    }
  }
}
