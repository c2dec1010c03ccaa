import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { until } from './until.js';

export type ReceivedMail = Readonly<{ to: string; text: string }>;

/** A mail server that keeps what it is given, for tests to read. */
export class FakeMailServer {
  readonly mails: ReceivedMail[] = [];

  private constructor(private readonly server: SMTPServer) {}

  static async start(): Promise<FakeMailServer> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onData: (stream, session, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address).join(',');
          fake.mails.push({ to, text: plain(Buffer.concat(parts).toString()) });
          done();
        });
      },
    });
    const fake = new FakeMailServer(server);
    server.on('error', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return fake;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** The next link that is mailed to this address, after so many mails. */
  async linkTo(address: string, after = 0): Promise<URL> {
    const mail = await until(() => this.mails.slice(after).find(({ to }) => to === address), {
      message: `a mail to ${address} has come`,
    });
    const [link] = /https?:\/\/\S+/.exec(mail.text) ?? [];
    if (link === undefined) throw new Error('the mail holds no link');
    return new URL(link);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** Undoes quoted-printable, which long links come in. */
function plain(text: string): string {
  if (!/quoted-printable/i.test(text)) return text;
  return text
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
}
