import { shortestLeadMs } from '../server/identity/key-schedule.ts';
import type { Command, Output } from './command.ts';
import { UsageError } from './command.ts';
import { withStore } from './open-store.ts';

const shortest = `${shortestLeadMs / 60_000}m`;
/** Time to change policies that carry keys, and more than anybody keeps a key set that they have fetched. */
const usual = '24h';
const units: Record<string, number> = { m: 60_000, h: 3600_000, d: 24 * 3600_000 };

/** @param text such as 90m, 24h or 7d */
function lead(text: string): number {
  const [, number, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const ms = Number(number) * (units[unit ?? ''] ?? Number.NaN);
  if (!(ms >= shortestLeadMs && ms <= 90 * 24 * 3600_000)) {
    throw new UsageError(`--in must be from ${shortest} to 90d, such as 24h; it is "${text}".`);
  }
  return ms;
}

function tellAboutPolicies({ out }: Output, when: string): void {
  out(
    `Databricks takes the new key set by itself where it reaches the backend. Policies that carry keys (jwks_json) are changed ${when}: "gitea-databricks federation" prints them.`,
  );
}

/** `keys list`: what each key of the issuer does now. */
export const keysList: Command = {
  name: 'keys list',
  summary: 'List the issuer’s keys, and what each does now',
  options: {},
  usesConfiguration: true,
  run: ({ config }, { out }) =>
    withStore(config, async ({ issuer }) => {
      for (const { key, state, until } of await issuer.keys()) {
        const since = `made ${key.createdAt.toISOString()}`;
        const at = until?.toISOString();
        const next = { next: `, signs from ${at}`, retired: `, published until ${at}` };
        out(`${key.kid}  ${state.padEnd(7)}  ${since}${next[state as keyof typeof next] ?? ''}`);
      }
      return 0;
    }),
};

/** `keys rotate`: the backend may be running; it takes the keys from the store. */
export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Let a new key sign; the old one stays published until its last token has ended',
  options: {
    in: {
      type: 'string',
      value: 'TIME',
      summary: `publish the new key this long before it signs, from ${shortest} on; ${usual} by default`,
    },
    compromised: {
      type: 'boolean',
      summary:
        'a key was stolen: sign with a new one at once and publish no other; calls fail until it is known',
    },
  },
  usesConfiguration: true,
  run({ config, options }, output) {
    if (options.compromised === true && options.in !== undefined) {
      throw new UsageError('--compromised replaces the keys at once: leave --in out.');
    }
    const leadMs = lead(String(options.in ?? usual));
    return withStore(config, async ({ issuer }) => {
      if (options.compromised === true) {
        const { key, retired } = await issuer.replaceKeys();
        output.out(`${key.kid} signs from now on. Removed: ${retired.join(', ') || 'none'}.`);
        tellAboutPolicies(output, 'now: until then nothing can be done at Databricks');
        return 0;
      }
      const { key, signsFrom } = await issuer.rotate(leadMs);
      output.out(`${key.kid} is published now and signs from ${signsFrom.toISOString()}.`);
      tellAboutPolicies(output, 'before that');
      return 0;
    });
  },
};
