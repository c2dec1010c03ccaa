import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { guard } from '@aisbf/one-machine';
import { ownScript } from '../program.js';

/** What a program of ours does when it is told to, by name; arguments and results are plain data. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>;

type Call = Readonly<{ id: number; name: string; argument: unknown }>;
type Result = Readonly<{ id: number; value?: unknown; error?: string }>;

/** A program of this package that runs as its own process, does what it is told, and ends when we do. */
export class CalledProgram<Known extends Commands> {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
    readonly pid: number,
  ) {
    child.on('message', (result: Result) => this.#take(result));
    child.once('exit', () => {
      guard.forget(pid);
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} has ended.`));
      this.#waiting.clear();
    });
  }

  static async start<Known extends Commands>(
    name: string,
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
  ): Promise<CalledProgram<Known>> {
    const child = fork(ownScript(name), args, {
      detached: true,
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production' },
      // What this process was started with is for it alone: it would let go of the channel that it is told over.
      execArgv: [...nodeArgs],
      // Stdout is the result alone.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    if (child.pid === undefined) {
      const [error] = await once(child, 'error');
      throw new Error(`${name} could not be started: ${String(error)}`);
    }
    guard.watch(child.pid, 'SIGTERM');
    return new CalledProgram<Known>(name, child, child.pid);
  }

  /** Rejects where the command fails, and where the program ends before it has answered. */
  call<Name extends keyof Known & string>(
    name: Name,
    argument: Parameters<Known[Name]>[0],
  ): Promise<Awaited<ReturnType<Known[Name]>>> {
    this.#calls += 1;
    const call: Call = { id: this.#calls, name, argument };
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(call.id, waiting);
    this.child.send(call, (error) => {
      if (error) waiting.reject(new Error(`${this.name} cannot be told: ${error.message}`));
    });
    // The other end is the same source: what it returns is what its type says.
    return waiting.promise as Promise<Awaited<ReturnType<Known[Name]>>>;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  #take({ id, value, error }: Result): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`${this.name}: ${error}`));
  }
}

/** The program's end: does what it is told, each thing at once, and ends when nobody is left to tell it. */
export function answerCalls(commands: Commands): void {
  process.on('message', (call: Call) => {
    perform(commands, call).then(
      (value) => process.send?.({ id: call.id, value }),
      (error: unknown) => process.send?.({ id: call.id, error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
}

async function perform(commands: Commands, { name, argument }: Call): Promise<unknown> {
  const command = commands[name];
  if (command === undefined) throw new Error(`There is no command ${name}.`);
  return command(argument as never);
}
