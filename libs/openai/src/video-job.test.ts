import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readUpstreamVideo, readVideoJobAnswer, toVideoJobRequest } from './video-job.js';

describe(readUpstreamVideo, () => {
  it.each([
    ['queued', 'running'],
    ['in_progress', 'running'],
    [undefined, 'running'],
    ['completed', 'completed'],
    ['succeeded', 'completed'],
    ['failed', 'failed'],
    ['cancelled', 'failed'],
  ])('reads the status %s as %s', (status, progress) => {
    expect(readUpstreamVideo(JSON.stringify({ id: 'a-1', status }))).toMatchObject({ progress });
  });

  it.each(['', '{}', '[]', '{"id":7}', '{"id":""}', '{"id":".."}', '{"id":"a/b"}', '{"id":"a?b"}'])(
    'finds no job in %s',
    (text) => {
      expect(readUpstreamVideo(text)).toBeUndefined();
      expect(readVideoJobAnswer(text)).toEqual({ kind: 'garbage' });
    },
  );

  it('takes no id that would change the path that it becomes part of', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (id) => {
        const video = readUpstreamVideo(JSON.stringify({ id }));
        if (video)
          expect(new URL(`/v1/videos/${id}`, 'http://a').pathname).toBe(`/v1/videos/${id}`);
      }),
    );
  });
});

describe(readVideoJobAnswer, () => {
  it('takes a job without an error for one', () => {
    expect(readVideoJobAnswer('{"id":"a","status":"queued","error":null}').kind).toBe('answer');
  });

  it('hears that it has failed at once', () => {
    expect(readVideoJobAnswer('{"id":"a","status":"failed"}').kind).toBe('garbage');
    expect(readVideoJobAnswer('{"id":"a","error":{"message":"no"}}').kind).toBe('error');
  });
});

describe(toVideoJobRequest, () => {
  it.each([
    [{}, 4],
    [{ seconds: '12' }, 12],
    [{ seconds: 8 }, 8],
  ])('asks for one film of %j', (body, seconds) => {
    expect(toVideoJobRequest({ model: 'm', ...body }).output).toEqual({
      kind: 'video_second',
      max: seconds,
      each: seconds,
    });
  });
});
