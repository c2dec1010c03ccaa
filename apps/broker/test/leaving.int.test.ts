import { describe, it } from '@jest/globals';
import { processMsMax } from './broker-process.js';
import { leaveUnderLoad } from './leave-under-load.js';

describe('SIGTERM with a hundred streams under way', () => {
  it(
    'cuts none of them, takes nothing new, and lets their workers go elsewhere',
    () => leaveUnderLoad(100),
    processMsMax,
  );
});
