import { type JsonObject, toObject, toText } from './json-value.js';
import { type ReportedCapabilities, readCapabilities, readNames } from './reported-capabilities.js';
import { type ReportedHardware, readHardware } from './reported-hardware.js';

/** What a `register` says, whichever of its forms it has. */
export type ReportedRegistration = Readonly<{
  /** The token inside the message; null where it relies on the handshake's. */
  registrationToken: string | null;
  endpoint: string | null;
  hardware: ReportedHardware | null;
  /** Null where the message holds none: then they are to be asked for. */
  capabilities: ReportedCapabilities | null;
  studioEndpoints: readonly string[];
}>;

/** Every token inside must be the right one, so a second one that differs is not overlooked. */
const wrongToken = '';

/** The payload wins over the top level, field by field. */
export function readRegistration(frame: JsonObject): ReportedRegistration {
  const payload = toObject(frame.payload) ?? {};
  const merged: JsonObject = { ...frame, ...payload };
  const capabilities = toObject(payload.capabilities) ?? toObject(frame.capabilities);
  return {
    registrationToken: tokenOf(frame.registration_token, payload.registration_token),
    endpoint: toText(merged.endpoint, 2048) ?? null,
    hardware: readHardware(merged.hardware ?? capabilities?.hardware, merged),
    capabilities: readCapabilities(capabilities),
    studioEndpoints: readNames(merged.studio_endpoints),
  };
}

function tokenOf(outer: unknown, inner: unknown): string | null {
  const tokens = [outer, inner].filter((token) => token != null);
  const [first] = tokens;
  if (first === undefined) return null;
  return typeof first === 'string' && tokens.every((token) => token === first) ? first : wrongToken;
}
