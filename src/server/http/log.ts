import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DestinationStream, Logger } from 'pino';
import { pino } from 'pino';

const removed = '[removed]';

/** Names whose values never belong into a log, wherever they stand. */
const secretNames =
  'authorization|cookie|set-cookie|token|access_token|refresh_token|id_token|subject_token|accessToken|refreshToken|client_secret|clientSecret|code_verifier|codeVerifier|password|secret|private_key|privateKey|encryptionKey';

/** Forms in which a secret shows inside a text: a JWT, a bearer header, a Databricks token, a query parameter. */
const secretForms: [RegExp, string][] = [
  [new RegExp(`"(${secretNames})":"(?:[^"\\\\]|\\\\.)*"`, 'gi'), `"$1":"${removed}"`],
  [/eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, removed],
  [/\b(bearer|basic|token)(\s+)[\w.~+/=-]{12,}/gi, `$1$2${removed}`],
  [/\bdapi[0-9a-f]{16,}/g, removed],
  [
    /\b(code|state|access_token|refresh_token|id_token|subject_token|token|client_secret|client_assertion|code_verifier)=[^&\s"\\]+/g,
    `$1=${removed}`,
  ],
];

/**
 * Takes secrets out of a line of the log. This stands at the sink, so that no caller can forget it.
 *
 * @param known values from secret files: removed wherever they appear
 */
export function removeSecrets(line: string, known: readonly string[] = []): string {
  let clean = line;
  for (const value of known) if (value.length >= 6) clean = clean.replaceAll(value, removed);
  for (const [form, replacement] of secretForms) clean = clean.replace(form, replacement);
  return clean;
}

/** The path alone: the query of a sign-in carries a code. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

/** The one list of what is written of the things that are logged. */
const serializers = {
  req: (request: FastifyRequest) => ({
    id: request.id,
    method: request.method,
    path: pathOf(request.url),
    address: request.ip,
  }),
  res: (reply: FastifyReply) => ({ status: reply.statusCode }),
  err: pino.stdSerializers.errWithCause,
};

/** So much of what could not be written waits to be, characters; what is more is left out. */
const mostWaiting = 1024 * 1024;

/**
 * Where the log goes. When that cannot be written (its disk is full), serving goes on: what the log could not take is
 * written as soon as it can.
 *
 * @param file standard output where it is left out
 */
export function logDestination(file?: string): DestinationStream {
  const destination = pino.destination({ dest: file ?? 1, sync: true, maxLength: mostWaiting });
  // Unheard, it would end the process.
  destination.on('error', () => {});
  return destination;
}

/**
 * The backend's log: JSON lines, secrets removed.
 *
 * @param level pino's level
 * @param knownSecrets values read from secret files
 */
export function createLog(
  level: string,
  knownSecrets: readonly string[],
  destination: DestinationStream,
): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers,
    hooks: { streamWrite: (line: string) => removeSecrets(line, knownSecrets) },
  };
  return pino(options, destination);
}
