import { invalid } from '../errors.ts';

/** @throws ApiError 400 unless the text may name a catalog, schema or model. */
export function requireName(kind: string, name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  if (name.length > 255 || !/^[^\s./\u0000-\u001f\u007f]+$/u.test(name))
    throw invalid(
      `Invalid name '${name}' for a ${kind}: names have at most 255 characters, no period, space, slash or control character.`,
    );
  return name;
}

/** `catalog.schema.model` in its parts. @throws ApiError 400 with the wording that mlflow looks for. */
export function modelParts(fullName: string): { catalog: string; schema: string; model: string } {
  const [catalog, schema, model, ...more] = fullName.split('.');
  if (!catalog || !schema || !model || more.length > 0)
    throw invalid(
      `Registered model name '${fullName}' is not valid: specify all three levels, catalog.schema.model, in the name of a model in Unity Catalog.`,
    );
  return { catalog, schema, model };
}
