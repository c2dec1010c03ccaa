import { describe, expect, it } from '@jest/globals';
import { openApiDocument } from './openapi.js';

type Operation = Readonly<{
  operationId?: string;
  parameters?: readonly { in: string; name: string }[];
}>;

const methods = ['get', 'post', 'put', 'patch', 'delete'];
const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const operation = item[method];
    return operation ? [{ path, method, ...operation }] : [];
  }),
);

describe(openApiDocument, () => {
  it('names each operation once', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
  });

  it('refers to nothing that it does not hold, and holds nothing that it does not refer to', () => {
    const text = JSON.stringify(document);
    const referred = text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    const names = new Set([...referred].map(([, name]) => name));
    expect([...names].sort()).toEqual(Object.keys(document.components.schemas).sort());
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/\w+")/)).toBeNull();
  });

  it('declares the parameters of each path', () => {
    for (const { path, parameters = [] } of operations) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.filter((parameter) => parameter.in === 'path');
      expect({ path, names: declared.map(({ name }) => name) }).toEqual({ path, names: wanted });
    }
  });

  it('lets answers grow and refuses requests with unknown fields', () => {
    const { Receipt, PutListing } = document.components.schemas;
    expect(JSON.stringify(Receipt)).not.toContain('"additionalProperties":false');
    expect(PutListing).toMatchObject({ additionalProperties: false });
  });
});
