/** Where the buyers' API is served, as OpenAPI tells of it. Behind the last four `/v1` may be left out. */
export const buyerServers = [
  { url: '/' },
  { url: '/api' },
  {
    url: '/api/u/{username}',
    description: "A user's own address: for that user's API tokens, and operators'.",
    variables: { username: { default: 'buyer' } },
  },
  {
    url: '/api/{provider}',
    description:
      "A provider's address: `model` is one of its models. Also below `/api/u/{username}`.",
    variables: { provider: { default: 'provider' } },
  },
  {
    url: '/api/rotations',
    description: '`model` is the name of a rotation. Also below `/api/u/{username}`.',
  },
  {
    url: '/api/autoselections',
    description: '`model` is the name of an autoselect. Also below `/api/u/{username}`.',
  },
] as const;
