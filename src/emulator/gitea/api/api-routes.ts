import type { FastifyInstance } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { applicationRoutes } from './application-routes.ts';
import { branchRoutes } from './branch-routes.ts';
import { commitRoutes } from './commit-routes.ts';
import { contentRoutes } from './content-routes.ts';
import { hookRoutes } from './hook-routes.ts';
import { issueRoutes } from './issue-routes.ts';
import { organisationRoutes } from './organisation-routes.ts';
import { pullRoutes } from './pull-routes.ts';
import { repositoryRoutes } from './repository-routes.ts';
import { reviewRoutes } from './review-routes.ts';
import { mountApi } from './router.ts';
import { userRoutes } from './user-routes.ts';

/** Gitea's REST API v1 (https://docs.gitea.com/api), the part this product and its set-up use. */
export function registerApi(app: FastifyInstance, forge: ForgeContext): void {
  mountApi(app, forge, [
    userRoutes,
    applicationRoutes,
    organisationRoutes,
    repositoryRoutes,
    branchRoutes,
    contentRoutes,
    commitRoutes,
    pullRoutes,
    reviewRoutes,
    issueRoutes,
    hookRoutes,
  ]);
}
