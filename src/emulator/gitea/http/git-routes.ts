import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allows } from '../account/scopes.ts';
import type { ForgeContext } from '../context.ts';
import { serveGit } from '../git/http-backend.ts';
import { refusePush } from '../protection/push-decision.ts';
import { afterPush } from '../repository/after-push.ts';
import { atLeast, permission } from '../repository/permission.ts';
import { findRepository } from '../repository/repositories.ts';
import { identify } from './identify.ts';

interface GitParams {
  owner: string;
  repository: string;
}

/** `git clone`, `fetch` and `push` over HTTP, at `/{owner}/{repository}.git` (the ending may be left out). */
export function registerGitRoutes(app: FastifyInstance, forge: ForgeContext, hooksPath: string): void {
  app.register(async (scope) => {
    // Packs can be large: bodies are never read here, they stream into git.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));

    const serve =
      (service: string) => async (request: FastifyRequest<{ Params: GitParams }>, reply: FastifyReply) => {
        const query = request.url.split('?')[1] ?? '';
        const isWrite = service === '/git-receive-pack' || query.includes('service=git-receive-pack');
        const { owner, repository: name } = request.params;
        const repository = findRepository(forge, owner, name);
        const identity = await identify(forge, request.headers.authorization);
        if (identity === 'invalid') return refuse(reply, 401, 'invalid username, password or token');
        const user = identity?.user;
        const isReadable = repository !== undefined && atLeast(permission(forge, user, repository), 'read');
        if (user === undefined && (isWrite || !isReadable)) return refuse(reply, 401, 'sign in');
        if (repository === undefined || !isReadable) return refuse(reply, 404, 'Repository not found');
        if (identity && !allows(identity.scopes, 'repository', isWrite ? 'write' : 'read')) {
          return refuse(reply, 403, 'the token does not have the repository scope');
        }
        if (isWrite && repository.isArchived) {
          return refuse(
            reply,
            403,
            'This repository is archived. You can view files and clone it, but not push',
          );
        }
        if (isWrite && !atLeast(permission(forge, user, repository), 'write')) {
          return refuse(reply, 403, 'User permission denied for writing.');
        }
        reply.hijack();
        const path = forge.git.path(repository);
        try {
          await serveGit(request.raw, reply.raw, {
            repositoryPath: path,
            service,
            query,
            user: user?.name,
            hooksPath,
            listener: {
              async before(updates, quarantine) {
                for (const update of updates) {
                  const refusal = await refusePush(forge, user!, repository, update, quarantine);
                  if (refusal !== undefined) return refusal;
                }
                return undefined;
              },
              async after(updates) {
                try {
                  await afterPush(forge, user!, repository, updates);
                } catch (error) {
                  forge.log.error(`after a push to ${owner}/${name}: ${String(error)}`);
                }
              },
            },
          });
        } catch (error) {
          forge.log.error(`git ${service} of ${owner}/${name}: ${String(error)}`);
          if (!reply.raw.headersSent) reply.raw.writeHead(500);
          reply.raw.end();
        }
        return reply;
      };
    scope.get('/:owner/:repository/info/refs', serve('/info/refs'));
    scope.post('/:owner/:repository/git-upload-pack', serve('/git-upload-pack'));
    scope.post('/:owner/:repository/git-receive-pack', serve('/git-receive-pack'));
  });
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (status === 401) reply.header('WWW-Authenticate', 'Basic realm="Gitea"');
  return reply.code(status).type('text/plain; charset=utf-8').send(`${message}\n`);
}
