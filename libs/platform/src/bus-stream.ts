import { type JetStreamManager, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { type NatsBus } from './nats-bus.js';

/** A JetStream stream of ours, and how much it keeps. What is not limited is kept for ever. */
export type BusStream = Readonly<{
  name: string;
  subjects: readonly string[];
  limits: Readonly<{
    ageMsMax: number;
    /** Of all messages together; beyond, the oldest go. */
    bytesMax?: number;
    /** Of each subject; beyond, its oldest go. */
    messagesPerSubjectMax?: number;
  }>;
}>;

const nanosPerMs = 1_000_000;

/**
 * Makes the streams that are missing, on disk: the bus may have lost its data. Harmless where nothing is
 * missing, and from several processes at once. One that is there keeps its replicas and whatever else an
 * operator has given it; its limits too, unless they are `adjusted` to ours.
 */
export async function ensureStreams(
  bus: NatsBus,
  streams: readonly BusStream[],
  limits: 'kept' | 'adjusted' = 'kept',
): Promise<JetStreamManager> {
  const manager = await bus.jetStreamManager();
  const known = new Set<string>();
  for await (const name of manager.streams.names()) known.add(name);
  for (const stream of streams) {
    if (!known.has(stream.name)) await manager.streams.add(toStreamConfig(stream));
    else if (limits === 'adjusted') await adjust(manager, stream);
  }
  return manager;
}

async function adjust(manager: JetStreamManager, stream: BusStream): Promise<void> {
  const { config } = await manager.streams.info(stream.name);
  const wanted = toLimits(stream);
  const isSame = Object.entries(wanted).every(
    ([name, value]) => config[name as keyof typeof wanted] === value,
  );
  if (!isSame) await manager.streams.update(stream.name, wanted);
}

function toStreamConfig(stream: BusStream) {
  const { name, subjects } = stream;
  return { name, subjects: [...subjects], storage: StorageType.File, ...toLimits(stream) };
}

function toLimits({ limits }: BusStream) {
  const { ageMsMax, bytesMax = -1, messagesPerSubjectMax = -1 } = limits;
  return {
    max_age: ageMsMax * nanosPerMs,
    max_bytes: bytesMax,
    max_msgs_per_subject: messagesPerSubjectMax,
  } satisfies Partial<StreamConfig>;
}
