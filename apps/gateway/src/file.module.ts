import type { InternalClient } from '@aisbf/platform';
import type { Provider } from '@nestjs/common';
import type { GatewaySettings } from './config.js';
import { FileRoutes } from './inbound/file-routes.js';
import { HttpFileStore } from './outbound/http-file-store.js';
import { BuyerFiles } from './services/buyer-files.js';
import { FileStore } from './services/file-store.js';
import { FileKeys, FileVault } from './services/file-vault.js';

/** The parts of the service that keep buyers' files. */
export function fileParts(
  settings: GatewaySettings,
  peer: (baseUrl: string) => InternalClient,
): Provider[] {
  return [
    FileRoutes,
    BuyerFiles,
    FileVault,
    { provide: FileKeys, useValue: new FileKeys(settings.GATEWAY_FILE_KEYS) },
    {
      provide: FileStore,
      useFactory: () => new HttpFileStore(peer(settings.GATEWAY_ACCOUNTS_URL)),
    },
  ];
}
