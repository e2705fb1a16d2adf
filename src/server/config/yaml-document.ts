import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { ConfigurationProblem } from '../../contract/repository.ts';

/** Where something stands in a document: keys and positions from the top. */
export type DocumentPath = readonly (string | number)[];

/** A parsed YAML file that knows on which line each of its values stands. */
export interface YamlDocument {
  /** Plain values; undefined when the text is no YAML. */
  value: unknown;
  /** A problem at a value; a value that is not there is reported at what surrounds it. */
  problem(path: DocumentPath, message: string): ConfigurationProblem;
  /** A problem at a key itself. */
  keyProblem(path: DocumentPath, key: string, message: string): ConfigurationProblem;
  /** What the YAML parser did not understand. */
  problems: ConfigurationProblem[];
}

/** @returns `metrics.gates.rmse.limit`, `bindings[0].id` */
function words(path: DocumentPath): string {
  return path
    .map((step, position) => (typeof step === 'number' ? `[${step}]` : position === 0 ? step : `.${step}`))
    .join('');
}

/**
 * Parses YAML 1.2 strictly: double keys, several documents and unresolved tags are problems.
 *
 * @param file the name that problems show
 */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
  });
  const lineAt = (offset: number | undefined) => (offset === undefined ? null : lines.linePos(offset).line);

  function lineOf(path: DocumentPath): number | null {
    for (let length = path.length; length > 0; length--) {
      const key = keyOf(path.slice(0, length - 1), path[length - 1]!);
      if (key !== null) return key;
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return document.contents?.range ? lineAt(document.contents.range[0]) : 1;
  }

  function keyOf(path: DocumentPath, key: string | number): number | null {
    const map = path.length === 0 ? document.contents : document.getIn(path, true);
    if (!isMap(map)) return null;
    const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return pair && isScalar(pair.key) && pair.key.range ? lineAt(pair.key.range[0]) : null;
  }

  const problems = [...document.errors, ...document.warnings].map((error) => ({
    file,
    line: lineAt(error.pos[0]),
    path: '',
    message: `This is not valid YAML: ${error.message.replace(/\.?$/, '.')}`,
  }));
  let value: unknown;
  if (problems.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 50 });
    } catch (error) {
      problems.push({
        file,
        line: 1,
        path: '',
        message: `This YAML cannot be read: ${(error as Error).message}.`,
      });
    }
  }
  return {
    value,
    problems,
    problem: (path, message) => ({ file, line: lineOf(path), path: words(path), message }),
    keyProblem: (path, key, message) => ({
      file,
      line: keyOf(path, key) ?? lineOf(path),
      path: words([...path, key]),
      message,
    }),
  };
}

/** As a reader meets them: by line; what belongs to one line stays in the order it was found. */
export function inFileOrder(problems: readonly ConfigurationProblem[]): ConfigurationProblem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
