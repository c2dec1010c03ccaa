import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign as signWith,
} from 'node:crypto';

/** What a page was given to register a passkey with, as far as an authenticator cares. */
export type CreationOptions = Readonly<{
  challenge: string;
  rp: Readonly<{ id: string }>;
  user: Readonly<{ id: string }>;
  excludeCredentials?: readonly Readonly<{ id: string }>[];
}>;

/** And to sign in with. */
export type ChallengeOptions = Readonly<{ challenge: string; rpId: string }>;

/** What is to be wrong, or unusual. */
export type Ceremony = Readonly<{
  origin: string;
  /** Whether its owner has unlocked it. */
  isUnlocked?: boolean;
  attestation?: Readonly<{ format: string; statement: CborMap }>;
}>;

type Credential = Readonly<{ id: Buffer; rpId: string; userHandle: string; key: KeyObject }>;

/** A value that an authenticator writes; keys of maps are texts or small numbers, in the order in which they come. */
type Cbor = number | string | Buffer | readonly Cbor[] | CborMap;
type CborMap = ReadonlyMap<string | number, Cbor>;

const flag = {
  present: 0x01,
  verified: 0x04,
  mayBeBackedUp: 0x08,
  isBackedUp: 0x10,
  holdsKey: 0x40,
};
const sha256 = (bytes: string | Buffer): Buffer => createHash('sha256').update(bytes).digest();
const base64url = (bytes: Buffer): string => bytes.toString('base64url');

/** An authenticator and the browser before it (WebAuthn), with keys on P-256 that live as long as it does. */
export class SoftwareAuthenticator {
  private readonly credentials: Credential[] = [];

  /** How often it has signed; they begin anywhere. */
  constructor(private counter = 0) {}

  /** `navigator.credentials.create()`, by its `toJSON()`. */
  create({ challenge, rp, user, excludeCredentials = [] }: CreationOptions, ceremony: Ceremony) {
    const known = new Set(excludeCredentials.map(({ id }) => id));
    if (this.credentials.some(({ id }) => known.has(base64url(id)))) {
      throw new Error('this authenticator is registered already');
    }
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const id = randomBytes(32);
    this.credentials.push({ id, rpId: rp.id, userHandle: user.id, key: privateKey });
    const coseKey = new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
    const idLength = Buffer.alloc(2);
    idLength.writeUInt16BE(id.length);
    const authData = Buffer.concat([
      this.authenticatorData(rp.id, flag.holdsKey, ceremony),
      ...[Buffer.alloc(16), idLength, id, encode(coseKey)],
    ]);
    const { format = 'none', statement = new Map() } = ceremony.attestation ?? {};
    const attestation = new Map<string, Cbor>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', authData],
    ]);
    return this.toJson(id, {
      clientDataJSON: base64url(clientData('webauthn.create', challenge, ceremony.origin)),
      attestationObject: base64url(encode(attestation)),
      transports: ['internal'],
    });
  }

  /** `navigator.credentials.get()`, with the last passkey of the site. */
  get({ challenge, rpId }: ChallengeOptions, ceremony: Ceremony) {
    const credential = this.credentials.findLast((known) => known.rpId === rpId);
    if (!credential) throw new Error(`this authenticator has no passkey for ${rpId}`);
    const data = clientData('webauthn.get', challenge, ceremony.origin);
    const authenticatorData = this.authenticatorData(rpId, 0, ceremony);
    const signed = Buffer.concat([authenticatorData, sha256(data)]);
    return this.toJson(credential.id, {
      clientDataJSON: base64url(data),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signWith('sha256', signed, credential.key)),
      userHandle: credential.userHandle,
    });
  }

  private authenticatorData(rpId: string, more: number, { isUnlocked = true }: Ceremony): Buffer {
    this.counter += 1;
    const rest = Buffer.alloc(5);
    const backup = flag.mayBeBackedUp | flag.isBackedUp;
    rest.writeUInt8(flag.present | (isUnlocked ? flag.verified : 0) | backup | more);
    rest.writeUInt32BE(this.counter, 1);
    return Buffer.concat([sha256(rpId), rest]);
  }

  private toJson<Response>(id: Buffer, response: Response) {
    return {
      ...{ id: base64url(id), rawId: base64url(id), type: 'public-key' },
      ...{ authenticatorAttachment: 'platform', clientExtensionResults: {}, response },
    };
  }
}

function clientData(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

/** CBOR (RFC 8949), as far as authenticators write it. */
function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') {
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) {
    const pairs = [...(value as CborMap)].flatMap(([key, held]) => [encode(key), encode(held)]);
    return Buffer.concat([head(5, value.size), ...pairs]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([head(4, items.length), ...items.map(encode)]);
}

/** A type and a length, or a number. */
function head(type: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(type << 5) | count]);
  if (count < 256) return Buffer.from([(type << 5) | 24, count]);
  return Buffer.from([(type << 5) | 25, count >> 8, count & 0xff]);
}
