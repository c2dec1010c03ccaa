import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What stands in front of several instances of a service: each connection goes to the first of them that
 * takes it. Bytes are passed on as they are.
 */
export class FirstOf {
  private readonly open = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly targets: readonly URL[],
  ) {
    server.on('connection', (socket) => {
      this.keep(socket);
      this.join(socket).catch(() => socket.destroy());
    });
  }

  /** The most wanted first. */
  static async start(urls: readonly string[]): Promise<FirstOf> {
    const server = createServer();
    const front = new FirstOf(
      server,
      urls.map((url) => new URL(url)),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A suite that broke off before it could stop this must still end.
    server.unref();
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.open) socket.destroy();
    await closed;
  }

  private async join(socket: Socket): Promise<void> {
    const target = await this.reach();
    this.keep(target);
    socket.pipe(target).pipe(socket);
    socket.on('close', () => target.destroy());
    target.on('close', () => socket.destroy());
  }

  private async reach(): Promise<Socket> {
    for (const { hostname, port } of this.targets) {
      const target = connect(Number(port), hostname);
      try {
        await once(target, 'connect');
        return target;
      } catch {
        // It is not there; the next one may be.
        target.destroy();
      }
    }
    throw new Error('None of them is there.');
  }

  private keep(socket: Socket): void {
    this.open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.open.delete(socket));
  }
}
