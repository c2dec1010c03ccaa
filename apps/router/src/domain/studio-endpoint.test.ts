import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openPolicy } from './provider-policy.js';
import { isStudioAllowed, servedTemplate, studioEndpointName } from './studio-endpoint.js';

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const words = fc.array(word, { minLength: 1, maxLength: 6 });

describe(servedTemplate, () => {
  it.each([
    ['/v1/pipelines/run', ['/v1/pipelines/{id}', '/v1/pipelines/run'], '/v1/pipelines/run'],
    ['/v1/pipelines/7', ['/v1/pipelines/run', '/v1/pipelines/{id}'], '/v1/pipelines/{id}'],
    ['/v1/pipelines/7/run', ['/v1/pipelines/{id}'], undefined],
    ['/v1/pipelines', ['/v1/pipelines/{id}'], undefined],
    ['/v1/pipelines/run', undefined, undefined],
    [undefined, ['/v1/pipelines/run'], undefined],
  ])('finds %s among %j', (path, endpoints, expected) => {
    expect(servedTemplate(endpoints, path)).toBe(expected);
  });

  it('finds a path by its template, whatever stands in its place, and never a longer or shorter one', () => {
    fc.assert(
      fc.property(words, fc.nat(), word, (parts, at, other) => {
        const path = `/v1/${parts.join('/')}`;
        const template = `/v1/${parts.with(at % parts.length, '{id}').join('/')}`;
        expect(servedTemplate([template], path)).toBe(template);
        expect(servedTemplate([template], `${path}/${other}`)).toBeUndefined();
        expect(servedTemplate([path], `${path}${other}`)).toBeUndefined();
      }),
    );
  });
});

describe(isStudioAllowed, () => {
  const allowing = (...endpoints: string[]) => ({ ...openPolicy, endpoints });

  it.each([
    [undefined, true],
    [openPolicy, true],
    [allowing('studio'), true],
    [allowing('pipelines.run'), true],
    [allowing('pipelines'), false],
    [allowing('chat.completions'), false],
  ])('%j says %s', (policy, expected) => {
    expect(isStudioAllowed(policy, '/v1/pipelines/{id}/run')).toBe(expected);
  });

  it('knows every path by a name that a policy can hold', () => {
    fc.assert(
      fc.property(words, (parts) => {
        const name = studioEndpointName(`/v1/${parts.join('/')}`);
        expect(name).toMatch(/^[a-z0-9_]{1,64}(?:\.[a-z0-9_]{1,64}){0,7}$/);
        expect(isStudioAllowed(allowing(name), `/v1/${parts.join('/')}`)).toBe(true);
      }),
    );
  });
});
