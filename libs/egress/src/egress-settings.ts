import { z } from 'zod';
import { type AddressRange, parseRange } from './address-kind.js';
import type { EgressPolicy } from './egress-policy.js';

const hostName = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const port = /^\d{1,5}$/;

function flag(fallback: boolean, why: string) {
  return z.enum(['true', 'false']).default(`${fallback}`).describe(why);
}

/** Settings of every service that calls hosted providers; they must be the same for all. */
export const egressSettings = {
  AISBF_EGRESS_ALLOWED: z
    .string()
    .default('')
    .refine(
      (text) => listed(text).every((item) => parseRange(item) || isHostName(item)),
      'must be addresses, networks (CIDR) or host names',
    )
    .describe(
      "Where hosted providers may be beside the internet: addresses, networks and host names, with commas between. None: a user's URL must lead nowhere in here.",
    ),
  AISBF_EGRESS_OPERATOR_INTERNAL: flag(
    false,
    "Whether the operator's own providers (of `global`) may be on loopback and in private networks. For one machine or a LAN; link-local stays shut.",
  ),
  AISBF_EGRESS_PLAIN_HTTP: flag(
    false,
    "Whether users' providers may be called without TLS; the operator's may. Prompts and credentials are readable on the way then.",
  ),
  AISBF_EGRESS_PORTS_REFUSED: z
    .string()
    .default('22,25,465,587')
    .refine(
      (text) => listed(text).every((item) => port.test(item) && Number(item) <= 65_535),
      'must be ports',
    )
    .describe(
      'Ports that no hosted provider is called at, with commas between: those of mail and logins, for which we would knock in our own name. `0` is none.',
    ),
};

export type EgressSettings = z.infer<z.ZodObject<typeof egressSettings>>;

/** For the operator's own providers, and for everybody else's. */
export type EgressPolicies = Readonly<{ operator: EgressPolicy; others: EgressPolicy }>;

export function egressPolicies(settings: EgressSettings): EgressPolicies {
  const allowed = listed(settings.AISBF_EGRESS_ALLOWED);
  const ranges = allowed.map(parseRange);
  const shared = {
    portsRefused: new Set(listed(settings.AISBF_EGRESS_PORTS_REFUSED).map(Number)),
    rangesAllowed: ranges.filter((range): range is AddressRange => range !== undefined),
    hostsAllowed: new Set(allowed.filter((_, index) => ranges[index] === undefined)),
  };
  return {
    operator: {
      ...shared,
      isInternalOpen: settings.AISBF_EGRESS_OPERATOR_INTERNAL === 'true',
      isPlainHttpOpen: true,
    },
    others: {
      ...shared,
      isInternalOpen: false,
      isPlainHttpOpen: settings.AISBF_EGRESS_PLAIN_HTTP === 'true',
    },
  };
}

function listed(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}

/** One whose last part is a number would be an address that was mistyped. */
function isHostName(text: string): boolean {
  return hostName.test(text) && !/(^|\.)\d+$/.test(text);
}
