/**
 * What the gateway reads in prompts, as a program of its own that has nothing of the router in it. As in a gateway, the client
 * of Redis is in the process, with the queues of batches: it makes V8 look up every character of every string the slow way.
 */
import '@aisbf/queues';
import { answerCalls } from '../broker/program-calls.js';
import { type SignalFigures, signalSpeed } from './signal-speed.js';
import type { Times } from './timed.js';

export type ReaderCommands = Readonly<{
  signals: (times: Times) => Promise<readonly SignalFigures[]>;
}>;

const commands: ReaderCommands = { signals: signalSpeed };

answerCalls(commands);
