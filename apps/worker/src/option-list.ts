import { flags } from './flag.js';
import { limits } from './limit.js';
import type { Option } from './option.js';

export const options = [...flags, ...limits] as const;

export type OptionKey = (typeof options)[number]['key'];

/** How a person would name the option: its flag where it has one, and its variable. */
export function optionName(key: string): string {
  const option: Option | undefined = options.find((candidate) => candidate.key === key);
  if (option === undefined) return key;
  return option.flag === undefined ? option.env : `--${option.flag} (${option.env})`;
}
