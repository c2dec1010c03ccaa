import { flags } from './flag.js';
import { limits } from './limit.js';
import type { Option } from './option.js';

export function helpText(): string {
  return [
    'Usage: aisbf-worker --upstream URL --market URL --username NAME --provider NAME [options]',
    '       aisbf-worker --config FILE [options]',
    '',
    'Puts an OpenAI-compatible server on the market. The registration token comes from',
    'WORKER_REGISTRATION_TOKEN or --registration-token-file.',
    '',
    'Options (each may also be set in the environment):',
    ...flags.map(flagLine),
    `${'  --help'.padEnd(36)}this text`,
    '',
    'Limits (environment, or the section "worker" of the file, in small letters without WORKER_):',
    ...limits.map(limitLine),
    '',
  ].join('\n');
}

function flagLine(option: Option): string {
  const value = option.value === undefined ? '' : ` ${option.value}`;
  const fallback = option.fallback === undefined ? '' : ` (default: ${option.fallback})`;
  const flag = `  --${option.flag}${value}`.padEnd(34);
  return `${flag}  ${option.help}${fallback}\n${''.padEnd(36)}${option.env}`;
}

function limitLine(option: Option): string {
  const fallback = option.fallback === undefined ? '' : ` (default: ${option.fallback})`;
  return `${`  ${option.env}=${option.value}`.padEnd(42)}${option.help}${fallback}`;
}
