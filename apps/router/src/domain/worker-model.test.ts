import { describe, expect, it } from '@jest/globals';
import { presentSession } from '../../test/admit-request.js';
import { workerModels } from './worker-model.js';

const session = (...models: readonly (readonly [name: string, context: number | null])[]) => ({
  session: presentSession({ id: 'rig', ownerId: 'anna', username: 'anna' }, [], {
    models: models.map(([name, contextTokensMax]) => ({ name, contextTokensMax })),
  }),
  brokerId: 'broker',
  brokerUrl: 'http://127.0.0.1:9',
});

describe('workerModels', () => {
  it('is nothing where nobody is connected', () => {
    expect(workerModels([])).toEqual([]);
  });

  it('tells the least context that any worker tells, and how many have the model', () => {
    const sessions = [
      session(['llama', 8_192], ['qwen', null]),
      session(['llama', 4_096], ['phi', 2_048]),
      session(['llama', null]),
    ];
    expect(workerModels(sessions)).toEqual([
      { name: 'llama', contextLength: 4_096, workers: 3 },
      { name: 'phi', contextLength: 2_048, workers: 1 },
      { name: 'qwen', contextLength: null, workers: 1 },
    ]);
  });

  it('counts a worker once that names a model twice', () => {
    expect(workerModels([session(['llama', 1], ['llama', 2])])).toMatchObject([{ workers: 1 }]);
  });
});
