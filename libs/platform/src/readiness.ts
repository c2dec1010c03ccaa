type Check = Readonly<{ name: string; isReady: () => boolean | Promise<boolean> }>;

/** How long one check may take; a dependency that does not answer is not ready. */
const checkTimeoutMs = 2_000;

/** Whether this process should get work: everything it needs answers, and it is not leaving. */
export class Readiness {
  private readonly checks: Check[] = [];
  private isStarted = false;
  private draining = false;

  add(name: string, isReady: Check['isReady']): void {
    this.checks.push({ name, isReady });
  }

  /** Everything that the process begins with is done; until then it is not ready, whatever answers. */
  markStarted(): void {
    this.isStarted = true;
  }

  /** From here on the process asks for no more work. */
  beginDrain(): void {
    this.draining = true;
  }

  get isDraining(): boolean {
    return this.draining;
  }

  /** The names of all that is not ready; none means ready. */
  async missing(): Promise<readonly string[]> {
    const results = await Promise.all(
      this.checks.map(async ({ name, isReady }) => ((await settles(isReady)) ? [] : [name])),
    );
    return [
      ...results.flat(),
      ...(this.isStarted ? [] : ['start']),
      ...(this.draining ? ['draining'] : []),
    ];
  }
}

async function settles(isReady: Check['isReady']): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), checkTimeoutMs);
  try {
    return await Promise.race([isReady(), timeout.promise]);
  } catch {
    // A check that throws has found what it looks for: the dependency is not there.
    return false;
  } finally {
    clearTimeout(timer);
  }
}
