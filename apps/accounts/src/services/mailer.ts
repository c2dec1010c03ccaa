import type { Mail } from '../domain/mail.js';

/** What carries mails to people. */
export abstract class Mailer {
  /** False: mails are refused, and with them whatever needs one. */
  abstract readonly isAvailable: boolean;
  abstract send(mail: Mail): Promise<void>;
  abstract close(): Promise<void>;
}
