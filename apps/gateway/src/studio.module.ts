import type { InternalClient } from '@aisbf/platform';
import type { Provider } from '@nestjs/common';
import type { GatewaySettings } from './config.js';
import { FileDoor, FileLimits } from './inbound/file-door.js';
import { MediaDoor } from './inbound/media-door.js';
import { StudioRoutes } from './inbound/studio-routes.js';
import { VideoDoor } from './inbound/video-door.js';
import { HttpPlaces } from './outbound/http-places.js';
import { HttpVideoJobBook } from './outbound/http-video-job-book.js';
import { MediaLinks, MediaSettings } from './services/media-links.js';
import { Places } from './services/places.js';
import { VideoJobBook } from './services/video-job-book.js';
import { VideoWatch, VideoWatchSettings } from './services/video-watch.js';
import { VideoLimits, Videos } from './services/videos.js';
import { Visits } from './services/visits.js';

/** Films, files, and what else is asked for at whoever has made it. */
export function studioParts(
  settings: GatewaySettings,
  peer: (baseUrl: string) => InternalClient,
): Provider[] {
  return [
    ...[StudioRoutes, VideoDoor, MediaDoor, FileDoor],
    ...[Videos, VideoWatch, MediaLinks, Visits],
    { provide: Places, useFactory: () => new HttpPlaces(peer(settings.GATEWAY_ROUTER_URL)) },
    {
      provide: VideoJobBook,
      useFactory: () => new HttpVideoJobBook(peer(settings.GATEWAY_ACCOUNTS_URL)),
    },
    {
      provide: FileLimits,
      useValue: new FileLimits(settings.GATEWAY_FILES_MAX, settings.GATEWAY_FILE_BYTES_MAX),
    },
    {
      provide: MediaSettings,
      useValue: new MediaSettings(
        settings.AISBF_INTERNAL_SECRET,
        settings.GATEWAY_MEDIA_TTL_MS,
        settings.GATEWAY_PUBLIC_URL,
      ),
    },
    {
      provide: VideoLimits,
      useValue: new VideoLimits(
        settings.GATEWAY_VIDEO_LOOK_MS_MAX,
        settings.GATEWAY_EVENT_BYTES_MAX,
      ),
    },
    {
      provide: VideoWatchSettings,
      useValue: new VideoWatchSettings(
        settings.GATEWAY_VIDEO_WATCH_MS,
        settings.GATEWAY_VIDEO_AGAIN_MS,
        settings.GATEWAY_VIDEO_LOOKS_MAX,
      ),
    },
  ];
}
