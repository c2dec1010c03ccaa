/**
 * The deciding parts of a router as a program of its own, so that what else the bench holds in memory says nothing.
 * It is told over its channel what to measure.
 */
import { answerCalls } from '../broker/program-calls.js';
import { marketSize, type SizeFigures } from './market-size.js';
import { type PlanFigures, planSpeed } from './plan-speed.js';
import { type SelectFigures, selectSpeed } from './select-speed.js';
import type { Times } from './timed.js';

export type PlannerCommands = Readonly<{
  plan: (times: Times) => Promise<readonly PlanFigures[]>;
  select: (times: Times) => Promise<readonly SelectFigures[]>;
  size: (question: Readonly<{ workers: number; times: Times }>) => Promise<SizeFigures>;
}>;

const commands: PlannerCommands = { plan: planSpeed, select: selectSpeed, size: marketSize };

answerCalls(commands);
