/** A command as somebody wrote it: nothing is looked up yet, values are texts. */
export type Command =
  | {
      verb: 'train';
      /** Start of a commit's SHA, where one was named. */
      commit: string | null;
      parameters: readonly { name: string; value: string }[];
    }
  | { verb: 'cancel' | 'retry' | 'help' };

/** What a comment's first line says: a command, or one that cannot be understood and why. */
export type ParsedComment = { command: Command } | { fault: string };

const prefix = '/databricks';
const mostCharacters = 2_000;
const commitForm = /^[0-9a-f]{7,64}$/;
/** As in the repository configuration. */
const nameForm = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/**
 * Reads a slash command from a comment: its first line, from its first character on, nothing below it. Values may
 * stand in double quotes, where `\"` and `\\` mean `"` and `\`; nothing else is special, nothing is evaluated.
 *
 * @returns null where the comment is no command
 */
export function parseComment(comment: string): ParsedComment | null {
  const line = firstLine(comment);
  if (!line.startsWith(prefix)) return null;
  const rest = line.slice(prefix.length);
  if (rest !== '' && !/^[ \t]/.test(rest)) return null;
  if (line.length > mostCharacters) return { fault: `A command has at most ${mostCharacters} characters.` };
  const words = wordsOf(rest);
  if (words === null) return { fault: 'A quote is not closed.' };
  const [verb = 'help', ...others] = words;
  switch (verb) {
    case 'train':
      return parseTrain(others);
    case 'cancel':
    case 'retry':
    case 'help':
      return others.length === 0 ? { command: { verb } } : { fault: `${verb} takes nothing more.` };
    default:
      return { fault: `There is no command "${shown(verb)}". There are: train, cancel, retry, help.` };
  }
}

function firstLine(comment: string): string {
  return comment.split(/\r\n|[\n\r]/, 1)[0] ?? '';
}

function parseTrain(words: readonly string[]): ParsedComment {
  let commit: string | null = null;
  const parameters = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0) {
      if (!commitForm.test(word)) return { fault: `"${shown(word)}" is neither name=value nor a commit.` };
      if (commit !== null) return { fault: 'Name one commit.' };
      commit = word;
      continue;
    }
    const name = word.slice(0, equals);
    if (!nameForm.test(name)) return { fault: `"${shown(name)}" cannot be the name of a parameter.` };
    if (parameters.has(name)) return { fault: `${name} is given twice.` };
    parameters.set(name, word.slice(equals + 1));
  }
  return {
    command: { verb: 'train', commit, parameters: [...parameters].map(([name, value]) => ({ name, value })) },
  };
}

/** @returns null where a quote is not closed */
function wordsOf(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    const next = text.charAt(at + 1);
    if (quoted && sign === '\\' && (next === '"' || next === '\\')) {
      word += next;
      at += 1;
    } else if (sign === '"') {
      quoted = !quoted;
      word ??= '';
    } else if (!quoted && (sign === ' ' || sign === '\t')) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + sign;
    }
  }
  if (quoted) return null;
  return word === null ? words : [...words, word];
}

function shown(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}\u2026`;
}
