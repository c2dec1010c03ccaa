/** One mail. Its text may hold a link that opens an account: it goes to its reader and nowhere else. */
export type Mail = Readonly<{ to: string; subject: string; text: string }>;

const signature = '\n\nAISBF\n';

export function verificationMail(to: string, url: string): Mail {
  return {
    to,
    subject: 'Is this your address?',
    text: `Somebody, most likely you, has given this address at AISBF. Open this link to prove that it is yours:

${url}

If it was not you, nothing needs to be done.${signature}`,
  };
}

export function passwordMail(to: string, url: string, isFirst: boolean): Mail {
  const reason = isFirst
    ? 'You have been invited to AISBF. Open this link to choose a password:'
    : 'Somebody, most likely you, wants a new password at AISBF. Open this link to choose one:';
  return {
    to,
    subject: isFirst ? 'Your invitation' : 'A new password',
    text: `${reason}

${url}

The link works once, for a limited time. If you do not want it, nothing needs to be done.${signature}`,
  };
}

/** To the owner of an address that somebody tries to sign up with again; the door tells nobody else. */
export function knownAddressMail(to: string): Mail {
  return {
    to,
    subject: 'You are signed up already',
    text: `Somebody, most likely you, has tried to sign up at AISBF with this address, which has a user already.
Sign in instead, or ask for a new password.

If it was not you, nothing needs to be done.${signature}`,
  };
}
