/** Few names, so that they collide: the hard cases are where owners call their things alike. */
export const usernames = ['global', 'anna', 'bob'] as const;
export const models = ['llama', 'org/qwen:7b'] as const;

export function ownerIdOf(username: string): string {
  return `owner-of-${username}`;
}
