/** One worker's open connection, as far as a session needs it. */
export abstract class WorkerSocket {
  /** Sends one text frame. */
  abstract send(frame: string | Buffer): void;
  /** Sends one binary message. */
  abstract sendBinary(message: Buffer): void;
  abstract ping(): void;
  /** Says why and closes; the socket is destroyed where the other side does not answer. */
  abstract close(code: number, reason: string): void;
  /** What the network has not taken yet. */
  abstract get backlogBytes(): number;
}
