import type { Binding, ServerConfiguration } from '../../server/config/server-configuration.ts';
import { GiteaHttp } from '../../server/gitea/gitea-http.ts';
import { createGiteaSignIn } from '../../server/gitea/oauth.ts';
import { createRepositoryDirectory } from '../../server/gitea/repository-directory.ts';
import { adviseRelease } from '../../server/gitea/supported-release.ts';
import type { GiteaRepository } from '../../server/permission/bound-repository.ts';
import { repositoryRule } from '../../server/permission/repository-rule.ts';
import type { Finding } from './finding.ts';
import { fault, ok, reasonOf, warning } from './finding.ts';

interface Protection {
  branch_name: string;
  rule_name?: string;
  enable_merge_whitelist: boolean;
}

/** Whether Gitea answers, knows the bot, and protects the production branches. */
export async function checkGitea(configuration: ServerConfiguration, userAgent: string): Promise<Finding[]> {
  const { gitea } = configuration;
  const http = new GiteaHttp({ url: gitea.internalUrl, token: gitea.token, userAgent });
  let bot: { login: string };
  try {
    const { version } = await http.json<{ version: string }>('GET', '/version');
    bot = await http.json<{ login: string }>('GET', '/user');
    const findings = [ok(`Gitea ${version} answers at ${gitea.internalUrl}; the bot is ${bot.login}.`)];
    const { level, text } = adviseRelease(version);
    if (level !== 'ok') findings.push({ level, text: `Gitea ${version}: ${text}` });
    return [
      ...findings,
      await checkSignIn(configuration, userAgent),
      ...(await checkRepositories(configuration, http)),
    ];
  } catch (error) {
    return [
      fault(
        `Gitea at ${gitea.internalUrl}: ${reasonOf(error)} Check gitea.url, gitea.internal_url and the bot's token.`,
      ),
    ];
  }
}

async function checkSignIn({ gitea, publicUrl }: ServerConfiguration, userAgent: string): Promise<Finding> {
  const redirect = `${publicUrl}auth/callback`;
  try {
    const attempt = {
      state: 'doctor',
      nonce: 'doctor',
      codeVerifier: 'doctor-doctor-doctor-doctor-doctor-doctor-doctor',
    };
    await createGiteaSignIn(gitea, redirect, userAgent).authorizationUrl(attempt);
    return ok(
      `Sign-in: Gitea is the OpenID provider ${gitea.url}. Its OAuth2 application must have the redirect URI ${redirect}`,
    );
  } catch (error) {
    return fault(`Sign-in: ${reasonOf(error)}`);
  }
}

async function checkRepositories(configuration: ServerConfiguration, http: GiteaHttp): Promise<Finding[]> {
  const findings: Finding[] = [];
  const found = new Map<string, GiteaRepository[]>(configuration.bindings.map(({ id }) => [id, []]));
  for await (const repository of createRepositoryDirectory(http).list()) {
    const bindings = configuration.bindings.filter((binding) =>
      binding.repositories.some((rule) => repositoryRule(rule).covers(repository)),
    );
    if (bindings.length > 1) {
      findings.push(
        fault(
          `${repository.fullName} is covered by the bindings ${bindings.map(({ id }) => id).join(' and ')}, so by none: change their globs.`,
        ),
      );
    } else if (bindings[0]) found.get(bindings[0].id)?.push(repository);
  }
  for (const binding of configuration.bindings) {
    const repositories = found.get(binding.id) ?? [];
    if (repositories.length === 0) {
      findings.push(
        warning(
          `The binding ${binding.id} covers no repository that the bot can see (${binding.repositories.join(', ')}): give the bot write access to it.`,
        ),
      );
    }
    for (const repository of repositories) {
      findings.push(await checkBranch(repository, binding.branch ?? repository.defaultBranch, http));
      findings.push(await checkCommenters(repository, binding, http));
    }
  }
  return findings;
}

/** Whether the bot may ask Gitea what others may do: those who comment need not have signed in here then. */
async function checkCommenters(
  { id, fullName }: GiteaRepository,
  binding: Binding,
  http: GiteaHttp,
): Promise<Finding> {
  if (binding.teams?.train !== undefined) {
    return ok(
      `${fullName}: slash commands count from those who have signed in to the panel once, since the binding asks for teams.`,
    );
  }
  const { permissions } = await http.json<{ permissions?: { admin: boolean; push: boolean } }>(
    'GET',
    `/repositories/${id}`,
  );
  if (permissions?.push !== true) {
    return warning(
      `${fullName}: the bot may not write there, so it sets no status and answers no slash command: give it write access.`,
    );
  }
  return ok(
    permissions.admin
      ? `${fullName}: slash commands count from every writer: the bot administers it, and so may ask for their permission.`
      : `${fullName}: slash commands count from writers who have signed in to the panel once. For those who have not, the bot must be an administrator of the repository: Gitea tells others' permission to nobody else.`,
  );
}

async function checkBranch(repository: GiteaRepository, branch: string, http: GiteaHttp): Promise<Finding> {
  const path = `/repos/${repository.fullName.split('/').map(encodeURIComponent).join('/')}`;
  const name = branch.split('/').map(encodeURIComponent).join('/');
  const answer = await http.find<{ protected: boolean }>(`${path}/branches/${name}`);
  if (answer === null) return warning(`${repository.fullName} has no branch "${branch}" yet.`);
  if (!answer.protected) {
    return warning(
      `${repository.fullName}: ${branch} is not protected, so only repository administrators may release. Protect it and set a merge allow-list.`,
    );
  }
  try {
    const rules = await http.json<Protection[]>('GET', `${path}/branch_protections`);
    const rule = rules.find((candidate) => (candidate.rule_name || candidate.branch_name) === branch);
    if (rule && !rule.enable_merge_whitelist) {
      return warning(
        `${repository.fullName}: ${branch} has no merge allow-list, so every writer may release.`,
      );
    }
  } catch {
    return ok(
      `${repository.fullName}: ${branch} is protected (whether it has a merge allow-list, only an administrator's token can tell).`,
    );
  }
  return ok(`${repository.fullName}: ${branch} is protected.`);
}
