import type { Candidate } from '@aisbf/contracts';
import { Clock } from '@aisbf/platform';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import { openMedia, sealMedia } from '../domain/media-id.js';
import { turnUrls } from '../domain/turned-urls.js';
import type { UpstreamAnswer } from './upstream.js';
import { Visits } from './visits.js';

export class MediaSettings {
  constructor(
    readonly secret: string,
    readonly ttlMs: number,
    /** Where buyers reach the market; undefined is wherever they have called it. */
    readonly publicUrl: string | undefined,
  ) {}
}

/** A worker, by what stays of it. */
export type WorkerPlace = Readonly<{ providerId: string; clientId: string | null; model: string }>;

export type MediaAnswer = Readonly<{ answer: UpstreamAnswer; expiresAtMs: number }>;

/** What workers have made and only name: buyers get it from us, since they cannot reach the worker, nor should know where it is. */
@Injectable()
export class MediaLinks {
  constructor(
    private readonly visits: Visits,
    private readonly clock: Clock,
    private readonly settings: MediaSettings,
  ) {}

  /** How the texts of a worker are changed; undefined for whoever is none. `origin` is where the buyer has called us. */
  turnFor(place: WorkerPlace, origin: string): ((text: string) => string) | undefined {
    const { providerId, clientId, model } = place;
    const { secret, ttlMs, publicUrl = origin } = this.settings;
    if (clientId === null) return undefined;
    const base = publicUrl.replace(/\/+$/, '');
    return (text) =>
      turnUrls(text, (target) => {
        const expiresAtMs = this.clock.nowMs() + ttlMs;
        const file = { providerId, clientId, model, target, expiresAtMs };
        return `${base}/v1/media/${sealMedia(file, secret)}`;
      });
  }

  async open(
    id: string,
    wanted: Readonly<{ range?: string; signal: AbortSignal }>,
  ): Promise<MediaAnswer> {
    const file = openMedia(id, this.settings.secret, this.clock.nowMs());
    if (!file) throw faults.MEDIA_MISSING();
    const { target: path, expiresAtMs, ...place } = file;
    const answer = await this.visits.ask({ place, method: 'GET', path, ...wanted });
    if (answer.status < 300 || answer.status === 416) return { answer, expiresAtMs };
    answer.dismiss();
    throw faults.MEDIA_MISSING();
  }
}

export function makerOf(candidate: Candidate): WorkerPlace {
  const { providerId, model } = candidate;
  const clientId = candidate.kind === 'session' ? (candidate.clientId ?? null) : null;
  return { providerId, clientId, model };
}
