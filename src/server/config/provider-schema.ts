import { Type } from 'typebox';

const closed = { additionalProperties: false };

/** One principal's way to a token of the organisation's provider: as a client, or from a file. */
const ProviderIdentity = Type.Object(
  {
    client_id: Type.Optional(
      Type.String({ minLength: 1, description: 'the id of this principal’s client at the provider' }),
    ),
    private_key_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the path of a file that holds the client’s private key (PEM; RSA or P-256)',
      }),
    ),
    key_id: Type.Optional(
      Type.String({ minLength: 1, description: 'the id under which the provider knows the key' }),
    ),
    certificate_file: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'the path of the key’s certificate (PEM), where the provider knows the key by its thumbprint',
      }),
    ),
    token_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the path of a file into which the platform writes this principal’s token',
      }),
    ),
  },
  { ...closed, description: 'a group {client_id, private_key_file}, or a group {token_file}' },
);

/** `workspaces.*.identity_provider`: the organisation's own provider. */
export const IdentityProvider = Type.Object(
  {
    issuer: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the provider’s issuer, such as https://example.okta.com/oauth2/default',
      }),
    ),
    scope: Type.Optional(
      Type.String({ minLength: 1, description: 'the scope to ask for, such as api://databricks/.default' }),
    ),
    parameters: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z_]{1,40}$' }), Type.String(), {
        description: 'a group of further parameters of the token request, such as {resource: https://…}',
      }),
    ),
    assertion_audience: Type.Optional(
      Type.Union([Type.Literal('issuer'), Type.Literal('token-endpoint')], {
        description: '"issuer" or "token-endpoint" (Entra ID)',
      }),
    ),
    principals: Type.Record(Type.String(), ProviderIdentity, {
      description: 'a group by application id, such as {<id>: {client_id: …, private_key_file: …}}',
    }),
  },
  { ...closed, description: 'a group {issuer, principals}' },
);
