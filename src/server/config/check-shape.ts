import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { ConfigurationProblem } from '../../contract/repository.ts';
import { nearestName } from './nearest-name.ts';
import type { DocumentPath, YamlDocument } from './yaml-document.ts';

/** The parts of a JSON schema that configuration files use. Each leaf's `description` completes "must be …". */
interface Shape {
  type?: string;
  description?: string;
  properties?: Record<string, TSchema>;
  patternProperties?: Record<string, TSchema>;
  required?: string[];
  items?: TSchema;
  minItems?: number;
  anyOf?: TSchema[];
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/**
 * Compares a document with a schema and finds everything that is wrong at once, each with its line, what is wrong
 * and what would be right. A union is judged as a whole, by its description; where a group of keys is given, and it can
 * be one group only, by that group.
 */
export function checkShape(schema: TSchema, document: YamlDocument): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];

  function expect(part: Shape, path: DocumentPath, value: unknown): void {
    const place = path.length === 0 ? 'The file' : `"${path.at(-1)}"`;
    problems.push(
      document.problem(path, `${place} must be ${part.description ?? part.type}; it is ${shown(value)}.`),
    );
  }

  function checkGroup(part: Shape, path: DocumentPath, value: unknown): void {
    if (!isGroup(value)) {
      expect(part, path, value);
      return;
    }
    const given = value;
    const known = part.properties ?? {};
    for (const name of part.required ?? []) {
      if (Object.hasOwn(given, name)) continue;
      const right = (known[name] as Shape).description;
      problems.push(document.problem([...path, name], `"${name}" is missing: it must be ${right}.`));
    }
    for (const [name, member] of Object.entries(given)) {
      const memberSchema = Object.hasOwn(known, name) ? known[name] : memberOf(part, name);
      if (memberSchema) check(memberSchema, [...path, name], member);
      else unknownKey(part, path, name);
    }
  }

  function unknownKey(part: Shape, path: DocumentPath, name: string): void {
    if (part.patternProperties) {
      const right = part.description ?? 'a group of named things';
      problems.push(
        document.keyProblem(path, name, `"${name}" cannot be a name here: this must be ${right}.`),
      );
      return;
    }
    const names = Object.keys(part.properties ?? {});
    const near = nearestName(name, names);
    const advice = near ? `Did you mean "${near}"?` : `What can stand here: ${names.join(', ')}.`;
    problems.push(document.keyProblem(path, name, `"${name}" is not known here. ${advice}`));
  }

  function check(part: TSchema & Shape, path: DocumentPath, value: unknown): void {
    if (part.type === 'object') checkGroup(part, path, value);
    else if (part.type === 'array' && Array.isArray(value) && value.length >= (part.minItems ?? 0)) {
      value.forEach((item, position) => void check(part.items!, [...path, position], item));
    } else {
      const [group, ...others] = isGroup(value)
        ? (part.anyOf ?? []).filter((one: Shape) => one.type === 'object')
        : [];
      if (group && others.length === 0) check(group, path, value);
      else if (!Value.Check(part, value)) expect(part, path, value);
    }
  }

  check(schema, [], document.value);
  return problems;
}

/** Schema of a freely named member (`Type.Record`). */
function memberOf(part: Shape, name: string): TSchema | undefined {
  for (const [pattern, member] of Object.entries(part.patternProperties ?? {})) {
    if (new RegExp(pattern, 'u').test(name)) return member;
  }
  return undefined;
}
