import { Type } from 'typebox';
import { Database } from './database-schema.ts';
import { IdentityProvider } from './provider-schema.ts';

const closed = { additionalProperties: false };
const label = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
const labels = 'letters, digits, "_", "-" and ".", at most 64';

const address = (description: string) => Type.String({ minLength: 1, description });
const secretFile = (what: string) =>
  Type.String({ minLength: 1, description: `the path of a file that holds ${what}` });

const Gitea = Type.Object(
  {
    url: address('Gitea’s public address, such as https://git.example.com'),
    internal_url: Type.Optional(
      address('the address at which the backend reaches Gitea, such as http://gitea:3000'),
    ),
    token_file: secretFile('the bot’s access token (read:user, write:repository, write:issue)'),
    webhook_secret_file: secretFile('the webhook’s secret'),
    oauth: Type.Object(
      {
        client_id: Type.String({
          minLength: 1,
          description: 'the client id of the OAuth2 application in Gitea',
        }),
        client_secret_file: secretFile('the client secret of the OAuth2 application in Gitea'),
      },
      {
        ...closed,
        description: 'a group {client_id, client_secret_file} of the OAuth2 application in Gitea',
      },
    ),
  },
  { ...closed, description: 'a group {url, token_file, webhook_secret_file, oauth}' },
);

const Workspace = Type.Object(
  {
    host: address('the workspace’s address, such as https://dbc-0123.cloud.databricks.com'),
    account_id: Type.String({ minLength: 1, description: 'the Databricks account’s id' }),
    auth: Type.Union(
      [
        Type.Literal('federation'),
        Type.Literal('identity-provider'),
        Type.Literal('m2m'),
        Type.Literal('token-file'),
      ],
      { description: '"federation" (recommended), "identity-provider", "m2m" or "token-file"' },
    ),
    identity_provider: Type.Optional(IdentityProvider),
    reader: Type.String({
      minLength: 1,
      description: 'the application id of the service principal that reads',
    }),
    audience: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the audience of the federation policies; the account id when left out',
      }),
    ),
    client_secret_files: Type.Optional(
      Type.Record(Type.String(), secretFile('the client secret of this service principal'), {
        description: 'a group {<application id>: <path of its client secret>} for "auth: m2m"',
      }),
    ),
    token_file: Type.Optional(secretFile('an access token, for "auth: token-file"')),
  },
  { ...closed, description: 'a group {host, account_id, auth, reader}' },
);

const Model = Type.Object(
  {
    name: Type.String({
      pattern: '^[^./\\s]+\\.[^./\\s]+\\.[^./\\s]+$',
      description: 'the model’s full name in Unity Catalog, catalog.schema.model',
    }),
    alias: Type.String({
      pattern: label,
      description: `the alias that production follows, such as champion (${labels})`,
    }),
    endpoint: Type.Optional(
      Type.String({
        pattern: label,
        description: `the name of the serving endpoint that follows the alias (${labels})`,
      }),
    ),
  },
  { ...closed, description: 'a group such as {name: ml.prod.wine, alias: champion, endpoint: wine}' },
);

const principal = (role: string) =>
  Type.String({ minLength: 1, description: `the application id of the service principal that ${role}` });

const teams = (what: string) =>
  Type.Optional(
    Type.Array(
      Type.String({ pattern: '^[^:\\s]+:[^:\\s]+$', description: 'org:team, such as ml:release-managers' }),
      {
        minItems: 1,
        description: `a list of teams, such as [ml:release-managers], whose members may ${what}`,
      },
    ),
  );

const BindingRule = Type.Object(
  {
    id: Type.String({ pattern: label, description: `a name of its own (${labels})` }),
    repositories: Type.Array(
      Type.String({
        pattern: '^[^/\\s]+/[^/\\s]+$',
        description: 'owner/name, where "*" stands for any part, such as ml/wine-*',
      }),
      { minItems: 1, description: 'a list such as [ml/wine-*]' },
    ),
    workspace: Type.String({ minLength: 1, description: 'the name of one of the workspaces' }),
    branch: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'the production branch; "default" is the default branch of the repository',
      }),
    ),
    experiment: Type.String({
      pattern: '^/[^\\u0000-\\u001f]{1,500}$',
      description: 'a workspace path such as "/gitea/{repository_id}"',
    }),
    jobs: Type.Optional(
      Type.Record(
        Type.String({ pattern: label }),
        Type.Integer({ minimum: 1, description: 'the id of a job' }),
        {
          description: 'a group of job ids by name, such as {nightly: 123}',
        },
      ),
    ),
    models: Type.Optional(
      Type.Record(Type.String({ pattern: label }), Model, { description: 'a group of models by name' }),
    ),
    principals: Type.Object(
      {
        trainer: principal('trains'),
        releaser: principal('releases'),
        fork: principal('trains pull requests from forks'),
      },
      { ...closed, description: 'a group {trainer, releaser, fork} of application ids' },
    ),
    floors: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          {
            direction: Type.Union([Type.Literal('lower'), Type.Literal('higher')], {
              description: '"lower" or "higher"',
            }),
            limit: Type.Number({ description: 'a number' }),
          },
          { ...closed, description: 'a group such as {direction: lower, limit: 1.5}' },
        ),
        { description: 'a group of limits by the name of their metric' },
      ),
    ),
    subject: Type.Optional(
      Type.Union([Type.Literal('binding'), Type.Literal('repository')], {
        description: '"binding" or "repository"',
      }),
    ),
    as_user: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[1-9]\\d{0,15}$' }),
        Type.String({
          pattern: '^[^@\\s]+@[^@\\s]+$',
          maxLength: 254,
          description: 'a user name at Databricks, such as anna@example.com',
        }),
        { description: 'a group {<id of a Gitea user>: <their user name at Databricks>}' },
      ),
    ),
    teams: Type.Optional(
      Type.Object(
        { train: teams('train'), release: teams('release') },
        { ...closed, description: 'a group {train, release} of lists of teams' },
      ),
    ),
  },
  { ...closed, description: 'a group {id, repositories, workspace, experiment, models, principals}' },
);

const limit = (what: string) =>
  Type.Integer({ minimum: 1, description: `how many ${what} are answered per minute` });

/** The shape of the server's configuration file. */
export const ServerFile = Type.Object(
  {
    public_url: address('the backend’s public address, such as https://git.example.com/-/databricks/'),
    listen: Type.Optional(
      Type.String({
        pattern: '^(?:\\[[0-9a-fA-F:]+\\]|[^:\\s]+):\\d{1,5}$',
        description: 'an address and a port, such as 127.0.0.1:3100',
      }),
    ),
    trusted_proxies: Type.Optional(
      Type.Array(Type.String({ minLength: 1, description: 'an address or a network, such as 10.0.0.0/8' }), {
        description: 'a list of addresses or networks of proxies',
      }),
    ),
    rate_limits: Type.Optional(
      Type.Partial(
        Type.Object({
          user: limit('requests of one user'),
          address: limit('requests of one address without a session'),
          repository: limit('requests about one repository'),
          deliveries: limit('deliveries of one repository'),
          forged: limit('deliveries of one address with a wrong signature'),
        }),
        { ...closed, description: 'a group such as {user: 1200, repository: 6000}, per minute' },
      ),
    ),
    database: Type.Optional(Database),
    encryption_key_file: Type.Optional(secretFile('32 random bytes as hex or base64')),
    gitea: Gitea,
    workspaces: Type.Record(Type.String({ pattern: label }), Workspace, {
      description: `a group of workspaces by name (${labels})`,
    }),
    bindings: Type.Array(BindingRule, { description: 'a list of bindings' }),
  },
  {
    ...closed,
    description: 'a group with public_url, gitea, workspaces and bindings (see docs/configuration.md)',
  },
);
