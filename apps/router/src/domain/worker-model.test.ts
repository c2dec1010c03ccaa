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

const nothingElse = { facts: {}, endpoints: null };

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
      { name: 'llama', contextLength: 4_096, workers: 3, ...nothingElse },
      { name: 'phi', contextLength: 2_048, workers: 1, ...nothingElse },
      { name: 'qwen', contextLength: null, workers: 1, ...nothingElse },
    ]);
  });

  it('tells what is common to those that say something', () => {
    const one = session(['llama', 1]);
    const told = (facts: object, endpoints?: string[]) => ({
      ...one,
      session: {
        ...one.session,
        models: [{ name: 'llama', contextTokensMax: null, ...facts }],
        ...(endpoints && { endpoints }),
      },
    });
    const sessions = [
      told({ inputs: ['text', 'image'], quantization: 'Q4' }, ['/v1/a', '/v1/b']),
      told({ inputs: ['text'], quantization: 'Q4' }, ['/v1/b']),
      told({}),
    ];
    expect(workerModels(sessions)).toEqual([
      {
        name: 'llama',
        contextLength: null,
        facts: { inputs: ['text'], quantization: 'Q4' },
        endpoints: ['/v1/b'],
        workers: 3,
      },
    ]);
  });

  it('counts a worker once that names a model twice', () => {
    expect(workerModels([session(['llama', 1], ['llama', 2])])).toMatchObject([{ workers: 1 }]);
  });
});
