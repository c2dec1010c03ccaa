import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { safeFileHeaders } from './safe-file.js';

describe(safeFileHeaders, () => {
  it.each([
    ['image/png', 'image/png', 'inline'],
    ['video/mp4', 'video/mp4', 'inline'],
    ['Audio/WAV; rate=1', 'audio/wav', 'inline'],
    ['application/pdf', 'application/pdf', 'attachment'],
    ['text/html', 'application/octet-stream', 'attachment'],
    ['image/svg+xml', 'application/octet-stream', 'attachment'],
    ['video/svg+xml', 'application/octet-stream', 'attachment'],
    ['application/xhtml+xml', 'application/octet-stream', 'attachment'],
    ['text/javascript', 'application/octet-stream', 'attachment'],
    ['', 'application/octet-stream', 'attachment'],
  ])('gives %j as %s, %s', (said, type, disposition) => {
    expect(safeFileHeaders(said, undefined)).toMatchObject({
      'content-type': type,
      'content-disposition': disposition,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  it('keeps the name that the broker has written', () => {
    const { 'content-disposition': told } = safeFileHeaders(
      'text/html',
      "attachment; filename*=UTF-8''a%20b.html",
    );
    expect(told).toBe("attachment; filename*=UTF-8''a%20b.html");
  });

  it('says nothing that would end a header, whatever the worker says', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (type, disposition) => {
        for (const value of Object.values(safeFileHeaders(type, disposition))) {
          expect(value).toMatch(/^[\x20-\x7e]+$/);
        }
      }),
    );
  });
});
