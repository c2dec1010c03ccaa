/**
 * Jest for the whole workspace. Start it through `npm test`, which also starts the servers that the
 * integration and system tests need; a unit test runs alone too:
 *
 *   node --experimental-vm-modules node_modules/jest/bin/jest.js libs/money
 *
 * Relative imports inside a package are read from its TypeScript source; other packages of the workspace
 * come in through their one door, the built `dist`, as they do in production.
 */

const project = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  // Inside the project, so that a run leaves nothing behind in the machine's temp folder.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources say `./x.js`, as Node wants it; under test the file beside them is `x.ts`.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          // Nest finds its parts by their class, and messages show the name.
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
};

const workspace = ['apps', 'libs', 'prisma', 'bench'];
const long = '\\.long\\.test\\.ts$';

export default {
  projects: [
    {
      ...project,
      displayName: 'parts',
      roots: workspace,
      testMatch: [`<rootDir>/{${workspace.join(',')}}/**/*.test.ts`],
      testPathIgnorePatterns: [...project.testPathIgnorePatterns, long],
    },
    {
      ...project,
      displayName: 'system',
      roots: [...workspace, 'test'],
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [...project.testPathIgnorePatterns, long],
    },
    {
      ...project,
      displayName: 'long',
      roots: [...workspace, 'test'],
      testMatch: [`<rootDir>/{${[...workspace, 'test'].join(',')}}/**/*.long.test.ts`],
    },
  ],
  // Long enough for an integration test on a busy machine; system tests set their own.
  testTimeout: 30_000,
  // A watchman daemon would outlive the tests.
  watchman: false,
  // More workers than cores make tests with time-outs wait for each other.
  maxWorkers: 2,
  // Modules of test files that are over are never given back: without an end the two take three gigabytes each.
  workerIdleMemoryLimit: '1GB',
};
