import type { IncomingMessage, Server } from 'node:http';

/** The prefix that a proxy in front may have added, without a slash at its end. Also the DI token. */
export class BasePath {
  readonly value: string;

  constructor(path: string) {
    this.value = path.replace(/^(?=[^/])/, '/').replace(/\/+$/, '');
  }

  /** Lets the HTTP routes for workers be called with the prefix as well as without. */
  strip(server: Server): void {
    if (this.value === '') return;
    server.prependListener('request', (request: IncomingMessage) => {
      if (request.url?.startsWith(`${this.value}/api/`)) {
        request.url = request.url.slice(this.value.length);
      }
    });
  }
}
