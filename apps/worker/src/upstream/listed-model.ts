/** One model as the upstream describes it; what it says besides the name is passed on. */
export type ListedModel = Readonly<{ id: string; [field: string]: unknown }>;

/** No engine lists more, and a market does not want to hear of more. */
const modelsMax = 2_000;
const idCharsMax = 256;
/** Where the seller keeps his files, and who may do what on his machine: nobody's business. */
const privateFields: ReadonlySet<string> = new Set(['root', 'path', 'permission']);

/** Reads OpenAI's form of a list and passes over what is no model. */
export function readModelList(text: string): readonly ListedModel[] {
  const parsed: unknown = JSON.parse(text);
  const data = typeof parsed === 'object' && parsed !== null && 'data' in parsed && parsed.data;
  if (!Array.isArray(data)) throw new Error('the list of models is not in the form of OpenAI');
  const rows: readonly unknown[] = data;
  return rows.filter(isListedModel).slice(0, modelsMax).map(withoutPrivateFields);
}

function isListedModel(row: unknown): row is ListedModel {
  return (
    typeof row === 'object' &&
    row !== null &&
    'id' in row &&
    typeof row.id === 'string' &&
    row.id !== '' &&
    row.id.length <= idCharsMax
  );
}

function withoutPrivateFields(model: ListedModel): ListedModel {
  const shown = Object.entries(model).filter(([name]) => !privateFields.has(name));
  return { ...Object.fromEntries(shown), id: model.id };
}
