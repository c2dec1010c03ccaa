const bases = ['/api', '/api/u/:username'];

/**
 * Where the buyers' API is served: the bare address and a user's own, and below both a provider's, and those of rotations
 * and autoselects.
 */
export const buyerPrefixes: readonly string[] = [
  '/v1',
  ...['/api/v1', '/api/u/:username', '/api/u/:username/v1'],
  ...bases.flatMap((base) => [`${base}/:place`, `${base}/:place/v1`]),
];

/** Where programs look for an Ollama. */
export const ollamaPrefixes: readonly string[] = bases;
