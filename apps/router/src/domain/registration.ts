/** A right to connect workers to a provider. Several may be good at the same time. */
export type Registration = Readonly<{
  id: string;
  /** Names it in lists; the part of its token that is not secret. */
  publicId: string;
  tokenHash: string;
  createdAtMs: number;
  /** Null is never. */
  expiresAtMs: number | null;
  revokedAtMs: number | null;
}>;

/**
 * - `valid`: admits workers
 * - `expired`: its time is over, or another one has taken its place
 * - `revoked`: taken back by its owner; final, whatever its time
 */
export type RegistrationState = 'valid' | 'expired' | 'revoked';

export function registrationState(
  { expiresAtMs, revokedAtMs }: Registration,
  nowMs: number,
): RegistrationState {
  if (revokedAtMs !== null) return 'revoked';
  return expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : 'valid';
}
