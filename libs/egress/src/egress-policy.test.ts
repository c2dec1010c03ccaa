import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { targetRefusal } from './egress-policy.js';
import { egressPolicies, egressSettings } from './egress-settings.js';

const policies = (given: Readonly<Record<string, string>> = {}) =>
  egressPolicies(z.object(egressSettings).parse(given));

const refusalBy =
  (whose: 'operator' | 'others', given?: Readonly<Record<string, string>>) => (url: string) =>
    targetRefusal(new URL(url), policies(given)[whose]);

describe(targetRefusal, () => {
  it.each([
    ['https://api.example/v1', undefined],
    ['https://api.example:8443/v1', undefined],
    ['https://1.1.1.1/v1', undefined],
    ['https://[2606:4700:4700::1111]/v1', undefined],
    ['http://api.example/v1', 'scheme'],
    ['ftp://api.example/v1', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['https://api.example:25/', 'port'],
    ['https://127.0.0.1/', 'address'],
    ['https://2130706433/', 'address'],
    ['https://0x7f.1/', 'address'],
    ['https://0177.0.0.1/', 'address'],
    ['https://169.254.169.254/latest/meta-data', 'address'],
    ['https://[::1]/', 'address'],
    ['https://[::ffff:10.0.0.1]/', 'address'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'address'],
    ['https://localhost/', 'address'],
    ['https://LOCALHOST./', 'address'],
    ['https://a.localhost/', 'address'],
    ['https://10.0.0.1./', 'address'],
  ])('of a stranger, %s: %s', (url, refusal) => {
    expect(refusalBy('others')(url)).toBe(refusal);
  });

  it('leaves private networks shut for the operator too, unless a setting opens them', () => {
    expect(refusalBy('operator')('http://192.168.1.5:11434/v1')).toBe('address');
    const open = refusalBy('operator', { AISBF_EGRESS_OPERATOR_INTERNAL: 'true' });
    for (const host of [
      '192.168.1.5:11434',
      '127.0.0.1:1',
      'localhost',
      '[fd00::1]',
      '100.64.0.9',
    ]) {
      expect(open(`http://${host}/v1`)).toBeUndefined();
    }
    for (const host of ['169.254.169.254', '0.0.0.0', '[fe80::1]', '224.0.0.1']) {
      expect(open(`http://${host}/v1`)).toBe('address');
    }
    const others = refusalBy('others', { AISBF_EGRESS_OPERATOR_INTERNAL: 'true' });
    expect(others('https://192.168.1.5/v1')).toBe('address');
  });

  it('lets through what the settings name, and nothing beside it', () => {
    const listed = refusalBy('others', { AISBF_EGRESS_ALLOWED: '10.1.0.0/16, GPU.lan,fd00::7' });
    for (const host of [
      '10.1.2.3',
      'gpu.lan',
      'gpu.lan.',
      'GPU.LAN',
      '[fd00::7]',
      '[::ffff:10.1.2.3]',
    ]) {
      expect(listed(`https://${host}/v1`)).toBeUndefined();
    }
    for (const host of ['10.2.0.1', '[fd00::8]', '127.0.0.1']) {
      expect(listed(`https://${host}/v1`)).toBe('address');
    }
    expect(listed('http://10.1.2.3/v1')).toBe('scheme');
    expect(listed('https://10.1.2.3:22/v1')).toBe('port');
  });

  it('takes plain http and other ports where the settings say so', () => {
    const open = refusalBy('others', {
      AISBF_EGRESS_PLAIN_HTTP: 'true',
      AISBF_EGRESS_PORTS_REFUSED: '80',
    });
    expect(open('http://api.example:8080/')).toBeUndefined();
    expect(open('https://api.example:25/')).toBeUndefined();
    expect(open('http://api.example/')).toBe('port');
  });
});

describe(egressPolicies, () => {
  it.each([
    ['AISBF_EGRESS_ALLOWED', '10.0.0.0/33'],
    ['AISBF_EGRESS_ALLOWED', '10.0.0'],
    ['AISBF_EGRESS_ALLOWED', 'https://gpu.lan'],
    ['AISBF_EGRESS_ALLOWED', 'gpu.lan:8000'],
    ['AISBF_EGRESS_PORTS_REFUSED', '65536'],
    ['AISBF_EGRESS_PORTS_REFUSED', 'ssh'],
    ['AISBF_EGRESS_PLAIN_HTTP', 'yes'],
  ])('does not start with %s=%s', (name, value) => {
    expect(() => policies({ [name]: value })).toThrow(z.ZodError);
  });
});
