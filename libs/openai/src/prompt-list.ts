import { isObject } from './json-body.js';

/** One text that a model is to read: words, or tokens that were counted by whoever made them. */
export type InputPrompt = string | readonly number[];

/**
 * A text, a list of texts, tokens, or a list of lists of tokens, as `prompt` and `input` of several endpoints
 * have it. Undefined where it is none of these, or nothing.
 */
export function inputPrompts(value: unknown): readonly InputPrompt[] | undefined {
  if (typeof value === 'string') return value === '' ? undefined : [value];
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (list.length === 0) return undefined;
  if (isTokens(list)) return [list];
  return list.every(isPrompt) ? list : undefined;
}

/** Texts alone, or objects that hold one, as documents are given to be ranked. */
export function documentTexts(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const texts = value.map((each: unknown) => (isObject(each) ? each.text : each));
  return texts.every((text) => typeof text === 'string') ? texts : undefined;
}

function isPrompt(value: unknown): value is InputPrompt {
  return typeof value === 'string' ? value !== '' : isTokens(value) && value.length > 0;
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
