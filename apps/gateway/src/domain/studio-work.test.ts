import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isStudioPath, readStudioJson, readStudioQuery, type StudioCall } from './studio-work.js';
import { addressFor, factsOf } from './work.js';

const terms = {
  place: { kind: 'anywhere' } as const,
  sessionHeader: undefined,
  signalLimits: { charactersMax: 100 },
};

function callOf(search: string, method: StudioCall['method'] = 'GET'): StudioCall {
  return { method, path: '/v1/pipelines/run', query: new URLSearchParams(search), accept: '*/*' };
}

describe(isStudioPath, () => {
  it.each([
    ['/v1/pipelines', true],
    ['/v1/pipelines/a/b', true],
    ['/v1/videos/upscale', true],
    ['/v1/images/generations', false],
    ['/v1/audio/speech', false],
    ['/v1/files/x', false],
    ['/v1/models', false],
    ['/admin', false],
    ['/v1/pipelines/', false],
    ['/v1/pipelines/..', false],
    ['/v1/pipelines/%2e', false],
    ['//v1/pipelines', false],
    ['http://a/v1/pipelines', false],
  ])('%s: %s', (path, expected) => {
    expect(isStudioPath(path)).toBe(expected);
  });

  it('takes nothing that could be read in two ways', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (tail) => {
        const path = `/v1/pipelines/${tail}`;
        if (isStudioPath(path)) expect(new URL(path, 'http://a').pathname).toBe(path);
      }),
    );
  });
});

describe(readStudioQuery, () => {
  it('sends the query with the model as it is called there, and without what is ours', () => {
    const work = readStudioQuery(callOf('model=a/b&x=1&x=2&session_id=s'), terms);
    if ('code' in work) throw new Error(work.message);
    expect(addressFor(work, work, 'b c')).toEqual({
      method: 'GET',
      path: '/pipelines/run?model=b+c&x=1&x=2',
      accept: '*/*',
    });
    expect(factsOf(work, 0)).toMatchObject({
      endpoint: 'studio',
      studioPath: '/v1/pipelines/run',
      route: 'a/b',
      stickyKey: 's',
      isStream: false,
    });
  });

  it.each([
    ['', 'missing_required_parameter'],
    ['model=', 'missing_required_parameter'],
    ['model=a&model=b', 'invalid_type'],
  ])('refuses %j', (search, code) => {
    expect(readStudioQuery(callOf(search), terms)).toMatchObject({ code });
  });
});

describe(readStudioJson, () => {
  const read = (call: StudioCall, body: object) => {
    const work = readStudioJson(call, JSON.stringify(body), terms);
    if ('code' in work) throw new Error(work.message);
    return work;
  };

  it('is another request at another address', () => {
    const one = read(callOf('', 'POST'), { model: 'm' });
    const other = read({ ...callOf('', 'POST'), path: '/v1/pipelines/stop' }, { model: 'm' });
    expect(one.hash()).not.toBe(other.hash());
    expect(one.hash()).toBe(read(callOf('', 'POST'), { model: 'm' }).hash());
  });

  it.each([
    ['images', { n: 3 }, { image: 3 }],
    ['images', {}, { image: 1 }],
    ['video', { seconds: '5' }, { video_second: 5 }],
    ['audio', { duration: 7 }, { audio_second: 7 }],
    ['audio', { input: 'twelve chars' }, { audio_second: 8 }],
    ['audio', {}, { audio_second: 30 }],
    ['pipelines', { n: 3 }, undefined],
  ])('holds for what /v1/%s/x makes of %j: %j', (area, body, units) => {
    const call = { ...callOf('', 'POST'), path: `/v1/${area}/x` };
    expect(factsOf(read(call, { model: 'm', ...body }), 0).units).toEqual(units);
  });
});
