import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isFreePort } from './free-ports.js';
import { guard } from './guard.js';
import { logTail, openLog } from './log-file.js';

/** How to run one server or service, and how to tell that it runs. */
export type DaemonPlan = Readonly<{
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment: nothing of ours leaks in. */
  env: Readonly<Record<string, string>>;
  cwd?: string;
  uid?: number;
  gid?: number;
  logFile: string;
  /** The port of 127.0.0.1 by which it is known. */
  port?: number;
  /** What it takes for "finish what you have and end". */
  stopSignal: NodeJS.Signals;
  stopGraceMs: number;
  readyTimeoutMs: number;
  /** A real connection, made; false or a rejection means "not yet". */
  isReady: () => Promise<boolean>;
}>;

/** How a process ended: one of the two is set. */
export type DaemonExit = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>;

const readyPollMs = 25;

/**
 * A child process with a name, a log and a way to tell that it is ready. It leads a process group of its
 * own, so that a Ctrl-C in the terminal reaches us alone and everything stops in order; the guard ends it
 * if we cannot.
 */
export class Daemon {
  #child: ChildProcess | undefined;
  #exited: Promise<DaemonExit> = Promise.resolve({ code: null, signal: null });
  #logStartByte = 0;

  constructor(private readonly plan: DaemonPlan) {}

  get name(): string {
    return this.plan.name;
  }

  get logFile(): string {
    return this.plan.logFile;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Resolves when the process that runs at the moment of the call has ended, for whatever reason. */
  get exited(): Promise<DaemonExit> {
    return this.#exited;
  }

  /** Starts it and waits until it is ready; if it does not get there, it is gone again. */
  async start(): Promise<void> {
    const { name, port } = this.plan;
    if (this.isRunning) throw new Error(`${name} runs already.`);
    // Whoever has the port would answer in its place.
    if (port !== undefined && !(await isFreePort(port))) {
      throw new Error(`${name} cannot be started: something else listens on port ${port}.`);
    }
    this.#spawn();
    try {
      await this.#becomeReady();
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.signal(this.plan.stopSignal);
    const grace = new AbortController();
    const isLate = delay(this.plan.stopGraceMs, true, { signal: grace.signal }).catch(() => false);
    if (await Promise.race([isLate, this.#exited.then(() => false)])) this.signal('SIGKILL');
    grace.abort();
    await this.#exited;
  }

  /** Sends a signal to the whole group and does not wait. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid !== undefined) signalGroup(pid, signal);
  }

  /** Sends a signal that ends it, and waits until it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.signal(signal);
    await this.#exited;
  }

  /** Stops it, if it runs, and starts it as it was: same environment, same port. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** What it wrote last in this run. */
  logTail(): string {
    return logTail(this.plan.logFile, this.#logStartByte);
  }

  #spawn(): void {
    const { command, args, env, cwd, uid, gid, logFile, stopSignal } = this.plan;
    const { descriptor, startByte } = openLog(logFile);
    this.#logStartByte = startByte;
    // It writes to the file itself, so that its last words are kept even when we are gone.
    const child = spawn(command, args, {
      detached: true,
      env,
      stdio: ['ignore', descriptor, descriptor],
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    const { pid } = child;
    if (pid !== undefined) guard.watch(pid, stopSignal);
    closeSync(descriptor);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const ended = (exit: DaemonExit): void => {
        if (pid !== undefined) {
          // Children that it left behind in its group go with it.
          signalGroup(pid, 'SIGKILL');
          guard.forget(pid);
        }
        resolve(exit);
      };
      child.once('exit', (code, signal) => ended({ code, signal }));
      child.once('error', () => ended({ code: null, signal: null }));
    });
  }

  async #becomeReady(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) {
      const [error] = child === undefined ? [undefined] : await once(child, 'error');
      throw new Error(`${this.name} could not be started: ${String(error)}`);
    }
    const deadlineMs = Date.now() + this.plan.readyTimeoutMs;
    while (Date.now() < deadlineMs) {
      if (!this.isRunning) throw this.#failure('ended before it was ready');
      const isReady = await this.plan.isReady().catch(() => false);
      if (isReady && this.isRunning) return;
      await delay(readyPollMs);
    }
    throw this.#failure(`was not ready within ${this.plan.readyTimeoutMs / 1_000} s`);
  }

  #failure(what: string): Error {
    return new Error(
      `${this.name} ${what}. The end of ${this.plan.logFile}:\n${this.logTail() || '(empty)'}`,
    );
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
