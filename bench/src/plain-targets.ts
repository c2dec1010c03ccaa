import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Daemon, findFreePorts } from '@aisbf/one-machine';
import type { Address } from './http-connection.js';
import { mockModel } from './mock-answer.js';
import { findNginx } from './nginx-program.js';
import { ownScript, startProgram } from './program.js';
import { chatRequest } from './request.js';
import type { SkippedTarget, Target, TargetName } from './target.js';

const host = '127.0.0.1';

export type Mock = Readonly<{ address: Address; url: string; pid: number | undefined }>;

export async function startMock(folder: string, script = 'mock-upstream'): Promise<Mock> {
  const port = await freePort();
  const { pid } = await startProgram({
    name: 'mock',
    args: [ownScript(script), String(port)],
    port,
    folder,
  });
  return { address: { host, port }, url: `http://${host}:${port}/v1`, pid };
}

export function directTarget(mock: Mock): Target {
  return plainTarget({ name: 'direct', title: 'direct to the mock', address: mock.address });
}

export async function startFloor(mock: Mock, folder: string): Promise<Target> {
  const port = await freePort();
  const args = [ownScript('bare-proxy'), String(port), String(mock.address.port)];
  const daemon = await startProgram({ name: 'bare-proxy', args, port, folder });
  const title = 'bare `node:http` + undici (the floor)';
  return plainTarget({ name: 'floor', title, address: { host, port }, daemon });
}

/** One worker process, connections to the upstream kept, nothing gathered, nothing logged. */
export async function startNginx(mock: Mock, folder: string): Promise<Target | SkippedTarget> {
  const program = await findNginx();
  if ('missing' in program) return { name: 'nginx', skipped: program.missing };
  const port = await freePort();
  const configFile = join(folder, 'nginx.conf');
  await writeFile(configFile, nginxConfig(port, mock.address.port, folder));
  const daemon = await startProgram({
    name: 'nginx',
    command: program.command,
    args: ['-c', configFile, '-p', folder, '-e', join(folder, 'nginx-error.log')],
    port,
    folder,
    env: program.env,
  });
  const title = `nginx ${program.version}`;
  return plainTarget({ name: 'nginx', title, address: { host, port }, daemon });
}

function nginxConfig(port: number, upstreamPort: number, folder: string): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, 'nginx-scratch')};`,
  );
  return `daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 1024; }
http {
  access_log off;
${scratch.join('\n')}
  keepalive_requests 1000000;
  upstream mock {
    server ${host}:${upstreamPort};
    keepalive 256;
    keepalive_requests 1000000;
  }
  server {
    listen ${host}:${port};
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

export async function startPortkey(mock: Mock, folder: string): Promise<Target> {
  const port = await freePort();
  const require = createRequire(import.meta.url);
  const { version } = require('@portkey-ai/gateway/package.json') as { version: string };
  const daemon = await startProgram({
    name: 'portkey',
    args: [
      '--import',
      ownScript('loopback-only'),
      require.resolve('@portkey-ai/gateway/build/start-server.js'),
      `--port=${port}`,
      '--headless',
    ],
    port,
    folder,
  });
  return plainTarget({
    name: 'portkey',
    title: `Portkey gateway ${version}`,
    address: { host, port },
    headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': mock.url },
    daemon,
  });
}

type PlainTarget = Readonly<{
  name: TargetName;
  title: string;
  address: Address;
  headers?: Readonly<Record<string, string>>;
  daemon?: Daemon;
}>;

/** A target that knows no buyers: every connection says the same. */
function plainTarget({ name, title, address, headers, daemon }: PlainTarget): Target {
  const all = { authorization: 'Bearer bench', ...headers };
  const common = { address, model: mockModel, headers: all };
  const requests = {
    whole: chatRequest({ ...common, kind: 'whole' }),
    stream: chatRequest({ ...common, kind: 'stream' }),
  };
  const processes = daemon?.pid === undefined ? [] : [{ name, pid: daemon.pid }];
  return { name, title, address, request: (kind) => requests[kind], processes };
}

async function freePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  if (port === undefined) throw new Error('No free port was found.');
  return port;
}
