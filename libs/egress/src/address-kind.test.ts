import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressKind, isWithin, parseRange } from './address-kind.js';

type Octets = readonly [number, number, number, number];

const octet = fc.integer({ min: 0, max: 255 });

/** One that no host of the internet has: its fixed octets, the rest is anything. */
const refusedV4 = fc.oneof(
  ...[[0], [10], [127], [169, 254], [192, 168], [192, 0, 0], [192, 0, 2]].map((fixed) => v4(fixed)),
  ...[
    [198, 51, 100],
    [203, 0, 113],
    [192, 88, 99],
  ].map((fixed) => v4(fixed)),
  v4([100], [64, 127]),
  v4([172], [16, 31]),
  v4([198], [18, 19]),
  v4([], [224, 255]),
);

function v4(fixed: readonly number[], next: readonly [number, number] = [0, 255]) {
  const [min, max] = next;
  const parts = [...fixed.map((part) => fc.constant(part)), fc.integer({ min, max })];
  while (parts.length < 4) parts.push(octet);
  return fc.tuple(...parts.slice(0, 4)) as unknown as fc.Arbitrary<Octets>;
}

/** Some of the many that are handed out. */
const publicV4 = fc.oneof(v4([1, 1, 1]), v4([8, 8]), v4([93, 184]), v4([172], [32, 255]));

const dotted = (octets: Octets) => octets.join('.');
const hex = ([a, b, c, d]: Octets) =>
  [a * 256 + b, c * 256 + d].map((part) => part.toString(16)).join(':');
const number = (octets: Octets) => octets.reduce((sum, part) => sum * 256 + part, 0);

/** All that URLs, resolvers and translators know to call an IPv4 address. */
const spellings: readonly ((octets: Octets) => string)[] = [
  dotted,
  (octets) => `::ffff:${dotted(octets)}`,
  (octets) => `::ffff:${hex(octets)}`,
  (octets) => `0:0:0:0:0:FFFF:${hex(octets).toUpperCase()}`,
  (octets) => `64:ff9b::${dotted(octets)}`,
  (octets) => `64:ff9b::${hex(octets)}`,
];

/** Ways to wrap an IPv4 address that nobody's API is behind, whatever they wrap. */
const wrappings: readonly ((octets: Octets) => string)[] = [
  (octets) => `::${hex(octets)}`,
  (octets) => `::ffff:0:${hex(octets)}`,
  (octets) => `64:ff9b:1::${hex(octets)}`,
  (octets) => `2002:${hex(octets)}::1`,
  (octets) => `2001:0:${hex(octets)}::1`,
  (octets) => `2001::${hex(octets.map((part) => 255 - part) as unknown as Octets)}`,
];

/** What WHATWG URLs read as IPv4. */
const oddities: readonly ((octets: Octets) => string)[] = [
  (octets) => String(number(octets)),
  (octets) => `0x${number(octets).toString(16)}`,
  (octets) => `0${number(octets).toString(8)}`,
  (octets) => octets.map((part) => `0x${part.toString(16)}`).join('.'),
  (octets) => octets.map((part) => `0${part.toString(8)}`).join('.'),
  ([a, b, c, d]) => `${a}.${b}.${c * 256 + d}`,
  ([a, b, c, d]) => `${a}.${(b * 256 + c) * 256 + d}`,
  (octets) => `${dotted(octets)}.`,
  (octets) => dotted(octets).replaceAll('.', '%2e'),
  (octets) => dotted(octets).replaceAll('.', '。'),
  (octets) =>
    dotted(octets).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
];

const hostOf = (text: string) => new URL(`https://${text}/v1`).hostname.replace(/^\[|\]$/g, '');

describe(addressKind, () => {
  it('is public for no address of one of our networks, however it is written', () => {
    fc.assert(
      fc.property(refusedV4, (octets) => {
        const texts = [...spellings, ...wrappings].map((spell) => spell(octets));
        for (const text of texts) expect([text, addressKind(text)]).not.toContain('public');
        for (const text of texts.filter((one) => one.includes(':'))) {
          expect([text, addressKind(hostOf(`[${text}]`))]).not.toContain('public');
        }
        for (const spell of oddities) {
          expect([spell(octets), addressKind(hostOf(spell(octets)))]).not.toContain('public');
        }
      }),
    );
  });

  it('is public for those of the internet, however they are written', () => {
    fc.assert(
      fc.property(publicV4, (octets) => {
        for (const spell of spellings) expect(addressKind(spell(octets))).toBe('public');
        for (const spell of oddities) expect(addressKind(hostOf(spell(octets)))).toBe('public');
        for (const wrap of wrappings) expect(addressKind(wrap(octets))).toBe('special');
      }),
    );
  });

  it('is public in IPv6 for nothing but global unicast', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(fc.tuple(...Array.from({ length: 8 }, () => group)), (groups) => {
        const text = groups.map((part) => part.toString(16)).join(':');
        const isGlobal = (groups[0] ?? 0) >> 13 === 1;
        if (!isGlobal) expect(addressKind(text)).not.toBe('public');
      }),
    );
  });

  it.each([
    ['public', ['2606:4700:4700::1111', '2a00:1450:4001:80b::200e', '2400:cb00::1', '1.1.1.1']],
    ['internal', ['::1', 'fc00::1', 'fd12:3456:789a::1', '127.0.0.1', '10.1.2.3', '172.31.0.1']],
    ['internal', ['192.168.0.1', '100.64.0.1', '100.127.255.255', '127.255.255.254']],
    [
      'special',
      ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
    ],
    [
      'special',
      ['0.0.0.0', '::', '255.255.255.255', '224.0.0.1', 'ff02::1', 'fec0::1', '240.0.0.1'],
    ],
    [
      'special',
      ['198.18.0.1', '192.0.2.1', '2001:db8::1', '3fff::1', '5f00::1', '100::1', '2001:2::1'],
    ],
    ['special', ['', 'localhost', '1.2.3.4.5', '1::2::3', '256.1.1.1', '[::1]', ' 10.0.0.1']],
  ] as const)('is %s for %j', (kind, addresses) => {
    for (const address of addresses)
      expect([address, addressKind(address)]).toEqual([address, kind]);
  });

  it('of the fd00:ec2::254 of a cloud is not public', () => {
    expect(addressKind('fd00:ec2::254')).toBe('internal');
  });
});

describe(isWithin, () => {
  const within = (address: string, ...ranges: string[]) =>
    isWithin(
      address,
      ranges.flatMap((range) => parseRange(range) ?? []),
    );

  it('finds an address in the network that is named, and in no other', () => {
    expect(within('10.1.2.3', '10.1.2.0/24')).toBe(true);
    expect(within('10.1.3.3', '10.1.2.0/24', '192.168.0.0/16')).toBe(false);
    expect(within('fd00::5', '10.0.0.0/8', 'fd00::/64')).toBe(true);
    expect(within('127.0.0.1', '127.0.0.1')).toBe(true);
    expect(within('127.0.0.2', '127.0.0.1')).toBe(false);
    expect(within('::1', '0.0.0.0/0')).toBe(false);
  });

  it('knows one that is wrapped', () => {
    expect(within('::ffff:10.1.2.3', '10.1.2.0/24')).toBe(true);
    expect(within('64:ff9b::10.1.2.3', '10.1.2.0/24')).toBe(true);
    expect(within('::ffff:10.1.3.3', '10.1.2.0/24')).toBe(false);
  });
});

describe(parseRange, () => {
  it.each([
    '',
    '10',
    '10.1',
    '0x7f.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    'fd00::/129',
    'gpu.lan',
    '1.2.3.4/8/8',
  ])('takes no %j', (text) => {
    expect(parseRange(text)).toBeUndefined();
  });
});
