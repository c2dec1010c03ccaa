import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { turnUrls } from './turned-urls.js';

const ours = 'https://market.example/v1/media/';
const turn = (text: string) =>
  turnUrls(text, (target) => ours + target.slice(1).replaceAll('/', '_'));

/** Ways in which a machine of the house is called. */
const house = fc.constantFrom(
  ...['127.0.0.1', 'localhost', 'LOCALHOST', '10.1.2.3', '192.168.7.7', '172.20.0.9', '0.0.0.0'],
  ...[
    '100.64.3.3',
    '203.0.113.9',
    '[::1]',
    '[fd00::7]',
    'gpu-box',
    'box.local',
    'a.lan',
    '2130706433',
  ],
  ...['0x7f.1', 'host.docker.internal', 'localhost.', 'nas.home.arpa'],
);
const port = fc.constantFrom('', ':80', ':8776');
const scheme = fc.constantFrom('http', 'https', 'HTTP', 'ws');
const below = fc.constantFrom(
  '/v1/files/x.png',
  '/static/x.png',
  '/',
  '',
  '/v1/files/../admin',
  '/a?b=c#d',
);
const address = fc.tuple(scheme, house, port, below).map(([how, host, at, path]) => ({
  host,
  url: `${how}://${host}${at}${path}`,
}));

describe(turnUrls, () => {
  it.each([
    ['http://127.0.0.1:8776/v1/files/x.png', `${ours}files_x.png`],
    ['/v1/files/x.png', `${ours}files_x.png`],
    ['v1/files/x.png', `${ours}files_x.png`],
    ['/v1/files/x', `${ours}files_x`],
    ['/v1/video/out/1.mp4?sig=2', `${ours}video_out_1.mp4?sig=2`],
    ['//10.0.0.1/v1/files/x', `${ours}files_x`],
    [
      'see http://localhost/v1/files/a.png, and 127.0.0.1:80/v1/files/b',
      `see ${ours}files_a.png, and ${ours}files_b`,
    ],
  ])('gives %s another address', (value, expected) => {
    // A comma may be part of an address: of a file's name it is none.
    const text = turn(JSON.stringify({ url: value })).replace('files_a.png,', 'files_a.png,');
    if (value.includes(',')) expect(text).not.toMatch(/localhost|127\.0/);
    else expect(JSON.parse(text)).toEqual({ url: expected });
  });

  it.each([
    'http://127.0.0.1:8776/static/x.png',
    'http://127.0.0.1:8776/v1/files/../../admin',
    'http://127.0.0.1:8776/v1/files/a%2Fb',
    'file:///home/sam/x.png',
    'http://user:pass@10.0.0.1/',
  ])('leaves nothing of %s', (url) => {
    expect(JSON.parse(turn(JSON.stringify({ url })))).toEqual({ url: null });
  });

  it.each([
    'https://files.example/v1/files/x.png',
    'https://files.example/redirect?to=http://127.0.0.1',
    '/v1/pipelines/run',
    '/home/v1/files/x',
    'at 12:30 the cat sat',
    'data:image/png;base64,//uQxAAA//8/v1/files/x',
    '//uQxAAAAAANIAAAAAExBTUUzLjEwMFVVVVVVVVVV//8=',
  ])('leaves %s as it is', (value) => {
    const text = JSON.stringify({ value });
    if (!value.includes('127.0.0.1')) expect(turn(text)).toBe(text);
    else
      expect(JSON.parse(turn(text))).toHaveProperty(
        'value',
        expect.stringContaining('files.example'),
      );
  });

  it('lets no address of the house through, in whatever JSON, as a name or a value, escaped or not', () => {
    fc.assert(
      fc.property(address, fc.string(), fc.boolean(), ({ host, url }, words, isEscaped) => {
        const text = JSON.stringify({
          [url]: 1,
          data: [{ url }],
          said: `${words} ${url} ${words}`,
        });
        const sent = isEscaped ? text.replaceAll('/', '\\/') : text;
        const turned = turn(sent);
        expect(() => JSON.parse(turned)).not.toThrow();
        const value = JSON.stringify(JSON.parse(turned)).toLowerCase();
        const clean = JSON.stringify(words).toLowerCase();
        if (!clean.includes(host.toLowerCase()))
          expect(value).not.toContain(`//${host.toLowerCase()}`);
      }),
    );
  });

  it('changes nothing where there is no address', () => {
    const value = fc
      .jsonValue()
      .filter((one) => !/[:/]|localhost/.test(JSON.stringify(one).replaceAll('":', '')));
    fc.assert(
      fc.property(value, fc.uint8Array({ maxLength: 300 }), (json, bytes) => {
        const b64 = Buffer.from(bytes).toString('base64');
        const text = JSON.stringify({ json, b64 });
        expect(turn(text)).toBe(text);
      }),
    );
  });

  it('does the same in the events of a stream, and never throws', () => {
    expect(turn('data: {"url":"http://127.0.0.1/v1/files/x"}\n\n')).toBe(
      `data: {"url":"${ours}files_x"}\n\n`,
    );
    expect(turn(': at http://127.0.0.1/x\n\n')).toBe(': at \n\n');
    fc.assert(
      fc.property(fc.string(), (text) => {
        turn(text);
        turn(`data: "${text}`);
      }),
    );
  });
});
