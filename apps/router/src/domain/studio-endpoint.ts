import type { ProviderPolicy } from './provider-policy.js';

/**
 * What a worker calls a path: the path itself, else the first of its templates that has it, as
 * `/v1/pipelines/{id}/run`. Undefined where it has named none.
 */
export function servedTemplate(
  endpoints: readonly string[] | undefined,
  path: string | undefined,
): string | undefined {
  if (path === undefined) return undefined;
  if (endpoints?.includes(path)) return path;
  const parts = path.split('/');
  return endpoints?.find((template) => isTemplateOf(template.split('/'), parts));
}

/** Its name in an owner's policy: `/v1/pipelines/{id}/run` is `pipelines.run`. */
export function studioEndpointName(template: string): string {
  const [, , ...below] = template.split('/');
  const named = below.filter((part) => !isPlaceholder(part));
  return named.map((part) => part.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')).join('.');
}

/** Whether an owner lets others call what its worker calls so. `studio` in a policy is all of it. */
export function isStudioAllowed(policy: ProviderPolicy | undefined, template: string): boolean {
  const allowed = policy?.endpoints ?? null;
  if (allowed === null || allowed.includes('studio')) return true;
  return allowed.includes(studioEndpointName(template));
}

function isTemplateOf(template: readonly string[], parts: readonly string[]): boolean {
  return (
    template.length === parts.length &&
    template.every((part, at) => part === parts[at] || isPlaceholder(part))
  );
}

function isPlaceholder(part: string): boolean {
  return part.startsWith('{');
}
