import assert from 'node:assert';
import type { Selection } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { isPrivate } from '../src/domain/decision.js';
import { replaySelection } from '../src/domain/selection.js';
import type { Upstream } from '../src/domain/upstream.js';
import { mayServe, plannedCase, type SelectionCase } from './random-selection.js';

/** Plans a case and throws where a promise is broken. Gives what was planned, for counting. */
export function checkSelection(one: SelectionCase): 'refused' | 'planned' {
  const plan = plannedCase(one);
  if (plan instanceof Fault) return 'refused';
  const { facts, autoselect } = one;
  const reading = { signals: facts.signals ?? null, promptTokens: facts.promptTokens };
  const { decisions, otherwise } = autoselect.definition;
  for (const record of plan.selections) {
    // What has travelled as text decides the same.
    const text = JSON.stringify(record);
    assert.equal(JSON.stringify(replaySelection(JSON.parse(text))), text);
    const use = decisions.find(({ name }) => name === record.decision)?.use ?? otherwise;
    const isStrict = use.some((each) => isPrivateFor(each, isPrivate(reading)));
    for (const candidate of plan.candidates) {
      const isFallback = facts.fallbacks !== undefined && isNamed(candidate, facts.fallbacks);
      assert(isFallback || mayServe(one, candidate, { use }), 'a ceiling is broken');
      assert(!isStrict || isDiscreet(candidate), 'a private prompt is seen');
    }
  }
  // Whoever is named after an autoselect that refuses is bound by it as well.
  const mayBeSeen =
    !isPrivate(reading) ||
    allSelections(autoselect.definition).some(
      (each) => each.privacy !== 'always' && each.privacy !== 'marked',
    );
  if (!mayBeSeen) assert(plan.candidates.every(isDiscreet), 'a private prompt is seen');
  return 'planned';
}

function allSelections({
  decisions,
  otherwise,
}: SelectionCase['autoselect']['definition']): readonly Selection[] {
  return [...decisions.flatMap(({ use }) => use), ...otherwise];
}

function isPrivateFor({ privacy }: Selection, isMarked: boolean): boolean {
  return privacy === 'always' || (privacy === 'marked' && isMarked);
}

function isDiscreet({ offer: { isOwn, provider } }: Upstream): boolean {
  return isOwn || (provider.data.isCollected === false && provider.data.isRetained === false);
}

function isNamed({ offer }: Upstream, routes: readonly string[]): boolean {
  return routes.includes(`${offer.provider.name}/${offer.model}`);
}
