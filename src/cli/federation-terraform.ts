import type { FederationPolicy } from '../server/identity/federation-policies.ts';

/** A quoted text of HCL: like JSON's, but `${` and `%{` begin templates there, and it knows fewer escapes. */
function quoted(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text)
    .replace(/\\(.)/g, (pair, letter) => ({ b: '\\u0008', f: '\\u000c' })[letter as string] ?? pair)
    .replace(/[$%](?=\{)/g, escaped);
}

/** A name that HCL takes, which no other resource has. */
function nameOf(label: string, taken: Set<string>): string {
  const plain = label.replace(/[^A-Za-z0-9_-]/g, '_');
  let name = plain;
  for (let count = 2; taken.has(name); count += 1) name = `${plain}_${count}`;
  taken.add(name);
  return name;
}

function oidcPolicy({ policy }: FederationPolicy): string[] {
  const { issuer, audiences, subject, jwks_json } = policy.oidc_policy;
  return [
    '  oidc_policy = {',
    `    issuer    = ${quoted(issuer)}`,
    `    audiences = [${audiences.map(quoted).join(', ')}]`,
    ...(subject === undefined ? [] : [`    subject   = ${quoted(subject)}`]),
    ...(jwks_json === undefined ? [] : [`    jwks_json = ${quoted(jwks_json)}`]),
    '  }',
  ];
}

/**
 * Policies as Terraform for the account-level provider of databricks/databricks (resources
 * `databricks_service_principal_federation_policy` and `databricks_account_federation_policy`). A policy names its
 * principal by the account's number, which is looked up by the application id.
 */
export function asTerraform(policies: readonly FederationPolicy[]): string {
  const taken = new Set<string>();
  const principals = new Map<string, string>();
  const blocks = policies.map((one) => {
    const name = nameOf(one.label, taken);
    const description = `  description = ${quoted(`gitea-databricks: ${one.description}`)}`;
    if (one.principal === null) {
      return [
        `resource "databricks_account_federation_policy" "${name}" {`,
        description,
        ...oidcPolicy(one),
        '}',
        '',
      ].join('\n');
    }
    const known = principals.get(one.principal);
    const data = known ?? name;
    principals.set(one.principal, data);
    const lookUp = [
      `data "databricks_service_principal" "${data}" {`,
      `  application_id = ${quoted(one.principal)}`,
      '}',
      '',
    ];
    return [
      ...(known === undefined ? lookUp : []),
      `resource "databricks_service_principal_federation_policy" "${name}" {`,
      `  service_principal_id = data.databricks_service_principal.${data}.id`,
      description,
      ...oidcPolicy(one),
      '}',
      '',
    ].join('\n');
  });
  return ['# For the account-level provider (databricks/databricks).', '', ...blocks].join('\n').trimEnd();
}
