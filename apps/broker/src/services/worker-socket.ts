/** One worker's open connection, as far as a session needs it. */
export abstract class WorkerSocket {
  /** Called whenever the network has taken a piece of something large. */
  onProgress: () => void = () => undefined;

  /** Sends one text frame; told when the worker has got all of it. */
  abstract send(frame: string | Buffer, onRead?: () => void): void;
  /** Sends one binary message, in parts that must not change; told when the worker has got all of it. */
  abstract sendBinary(parts: readonly Buffer[], onRead?: () => void): void;
  /** Passes between the pieces of a large message. */
  abstract ping(): void;
  /** Says why and closes; the socket is destroyed where the other side does not answer. */
  abstract close(code: number, reason: string): void;
  /** What the network has not taken yet. */
  abstract get backlogBytes(): number;
}
