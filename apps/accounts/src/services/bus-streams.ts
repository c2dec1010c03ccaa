/** Who reads the settlements on the bus; replicas share it, so that each message goes to one of them. */
export const settleReader = 'accounts-settle';

/** The streams that the bus keeps for us. It may lose them with all that it has. */
export abstract class BusStreams {
  /** Makes what is missing. Harmless where nothing is, and from several replicas at once. */
  abstract ensure(): Promise<void>;
}
