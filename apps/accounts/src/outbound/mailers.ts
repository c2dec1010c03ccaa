import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { faults } from '../domain/faults.js';
import type { Mail } from '../domain/mail.js';
import { Mailer } from '../services/mailer.js';

export type MailSettings = Readonly<{ smtpUrl: string; folder: string; from: string }>;

/** A mail server where one is named, else a folder, else nothing. */
export function mailerOf({ smtpUrl, folder, from }: MailSettings): Mailer {
  if (smtpUrl !== '') return new SmtpMailer(smtpUrl, from);
  return folder === '' ? new NoMailer() : new FileMailer(folder, from);
}

/** Nobody waits longer for a mail server than for the rest of a call. */
const smtpTimeoutMs = 10_000;

class SmtpMailer extends Mailer {
  readonly isAvailable = true;
  private readonly transport;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    super();
    this.transport = createTransport({
      url,
      pool: true,
      connectionTimeout: smtpTimeoutMs,
      greetingTimeout: smtpTimeoutMs,
      socketTimeout: smtpTimeoutMs,
    });
  }

  async send(mail: Mail): Promise<void> {
    try {
      await this.transport.sendMail({ ...mail, from: this.from });
    } catch (error) {
      throw faults.MAIL_UNAVAILABLE({}, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.transport.close();
  }
}

/** For one machine: each mail is a file that only its owner may read, since it may hold a link that opens. */
class FileMailer extends Mailer {
  readonly isAvailable = true;

  constructor(
    private readonly folder: string,
    private readonly from: string,
  ) {
    super();
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID()}.eml`;
    const lines = [`From: ${this.from}`, `To: ${to}`, `Subject: ${subject}`, '', text];
    await writeFile(join(this.folder, name), lines.join('\n'), { mode: 0o600, flag: 'wx' });
  }

  async close(): Promise<void> {
    // A file is written when it is written.
  }
}

class NoMailer extends Mailer {
  readonly isAvailable = false;

  async send(): Promise<void> {
    throw faults.MAIL_UNAVAILABLE();
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }
}
