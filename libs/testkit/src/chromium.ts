import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  guard,
  type PackageSet,
  type ThrowAwayFolder,
  throwAwayFolder,
  type UnpackedPrograms,
  unpackedPackages,
} from '@aisbf/one-machine';
import { until } from './until.js';

const run = promisify(execFile);

/** A browser needs a while to start on a machine that does something else, too. */
const startMsMax = 60_000;

const browser: PackageSet = {
  suffix: '-chromium',
  packages: ['chromium'],
  libraries: [],
  prove: async (unpacked) => {
    await run(programOf(unpacked), ['--version'], { env: environmentOf(unpacked) });
  },
};

function programOf({ folder }: UnpackedPrograms): string {
  return join(folder, 'usr/lib/chromium/chromium');
}

function environmentOf({ libraryPath }: UnpackedPrograms): NodeJS.ProcessEnv {
  // One of its libraries keeps its own in a folder below.
  const below = libraryPath.split(':').map((folder) => join(folder, 'pulseaudio'));
  return { ...process.env, LD_LIBRARY_PATH: [libraryPath, ...below].join(':') };
}

type Reply = Readonly<{
  id?: number;
  result?: Record<string, unknown>;
  error?: Readonly<{ message: string }>;
}>;

/** A browser without a window, spoken to over its developer tools. Fetched once, as Debian packages it. */
export class Chromium {
  private readonly replies = new Map<number, (reply: Reply) => void>();
  private lastId = 0;

  private constructor(
    private readonly process: ChildProcess,
    private readonly profile: ThrowAwayFolder,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id === undefined) return;
      this.replies.get(reply.id)?.(reply);
      this.replies.delete(reply.id);
    });
  }

  static async start(): Promise<Chromium> {
    const unpacked = await unpackedPackages(browser);
    if (!unpacked) throw new Error('Chromium can be fetched on Debian and Ubuntu only.');
    const profile = await throwAwayFolder();
    const child = spawn(
      programOf(unpacked),
      [
        // Its own sandbox needs rights that containers do not give; it sees our own pages only.
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
        ...['--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${profile.path}`],
        'about:blank',
      ],
      { detached: true, stdio: 'ignore', env: environmentOf(unpacked) },
    );
    if (child.pid !== undefined) guard.watch(child.pid, 'SIGKILL');
    const address = await until(() => toolsOf(profile.path), {
      timeoutMs: startMsMax,
      message: 'the browser has said where its tools are',
    });
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Chromium(child, profile, socket);
  }

  /** A page of this address, which is there when this resolves, with whatever it shows. */
  async page(url: string): Promise<ChromiumPage> {
    const { targetId } = await this.send('Target.createTarget', { url });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new ChromiumPage((method, params) => this.send(method, params, String(sessionId)));
    const { origin } = new URL(url);
    await until(
      async () =>
        (await page.evaluate('document.readyState + location.origin')) === `complete${origin}`,
      { message: `${url} is there` },
    );
    return page;
  }

  async stop(): Promise<void> {
    this.socket.close();
    const { pid } = this.process;
    if (pid !== undefined) {
      const ended = once(this.process, 'exit');
      process.kill(-pid, 'SIGKILL');
      await ended;
      guard.forget(pid);
    }
    await this.profile.remove();
  }

  private async send(method: string, params: object, sessionId?: string) {
    this.lastId += 1;
    const id = this.lastId;
    const reply = await new Promise<Reply>((resolve) => {
      this.replies.set(id, resolve);
      this.socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }
}

/** The tools' address, which the browser writes into its profile. */
async function toolsOf(profile: string): Promise<string> {
  const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8');
  const [port, path] = text.split('\n');
  if (!port || !path) throw new Error('it is not written to its end');
  return `ws://127.0.0.1:${port}${path}`;
}

export class ChromiumPage {
  constructor(
    private readonly send: (method: string, params: object) => Promise<Record<string, unknown>>,
  ) {}

  /** An authenticator of the device itself, whose owner is there and unlocks it, or does not. */
  async addAuthenticator(isUnlocked = true): Promise<(isUnlocked: boolean) => Promise<void>> {
    await this.send('WebAuthn.enable', {});
    const { authenticatorId } = await this.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true },
        ...{ hasUserVerification: true, isUserVerified: isUnlocked },
        automaticPresenceSimulation: true,
      },
    });
    return async (isUserVerified) => {
      await this.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    };
  }

  /** Runs this in the page; what it promises is awaited and must be plain data. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      ...{ expression, awaitPromise: true, returnByValue: true, userGesture: true },
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }
}
