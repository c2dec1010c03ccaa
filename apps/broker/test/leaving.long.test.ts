import { describe, it } from '@jest/globals';
import { leaveUnderLoad } from './leave-under-load.js';

describe('SIGTERM with a thousand streams under way', () => {
  it(
    'cuts none of them, takes nothing new, and lets their workers go elsewhere',
    () => leaveUnderLoad(1_000),
    180_000,
  );
});
