import { fileURLToPath } from 'node:url';
import { describeInWorkspace } from '../workspace-program.ts';

describeInWorkspace('databricks-sdk serves models', {
  program: new URL('./serving.py', import.meta.url),
  // Long enough for a second request to come while an update goes on.
  options: { latency: { servingUpdateMs: 2000, servingTrafficMs: 2000 } },
  prepare: () => ({
    MLFLOW_TRACKING_URI: 'databricks',
    MLFLOW_REGISTRY_URI: 'databricks-uc',
    // The models need what the clients need: the environment that logs them serves them, too.
    REQUIREMENTS: fileURLToPath(new URL('../python-clients.lock', import.meta.url)),
  }),
});
