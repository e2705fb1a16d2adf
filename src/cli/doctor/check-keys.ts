import type { Issuer } from '../../server/identity/issuer.ts';
import type { Finding } from './finding.ts';
import { ok, warning } from './finding.ts';

const day = 24 * 3600_000;
/** A key that signs for longer should be rotated, days. */
const oldest = 365;

/** How old the issuer's key is, and whether a rotation is under way. */
export async function checkKeys(
  issuer: Pick<Issuer, 'keys'>,
  now: () => number = Date.now,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { key, state, until } of await issuer.keys()) {
    const age = Math.floor((now() - key.createdAt.getTime()) / day);
    if (state === 'signing') {
      findings.push(
        age > oldest
          ? warning(`The issuer's key is ${age} days old: "gitea-databricks keys rotate" replaces it.`)
          : ok(`The issuer's key is ${age} days old.`),
      );
    } else if (state === 'next') {
      findings.push(
        ok(
          `A new key signs from ${until?.toISOString()}: policies that carry keys must have it by then ("gitea-databricks federation").`,
        ),
      );
    }
  }
  return findings;
}
