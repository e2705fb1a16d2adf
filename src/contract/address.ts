/**
 * Where things are under the public URL (`/-/databricks/` in the recommended installation), and the names
 * that the page and the backend agree on. Free of dependencies: the loader bundles it.
 */
export const apiPath = 'api/v1';

/** Header with the id of the user whom the Gitea page shows as signed in; another user's session is refused. */
export const pageUserHeader = 'x-gitea-user';

/** Context of the commit status that carries the verdict. */
export const trainStatusContext = 'databricks/train';
