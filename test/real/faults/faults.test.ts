import { describeInWorkspace } from '../workspace-program.ts';

const options = { faultControl: true };

describeInWorkspace('databricks-sdk in a workspace that fails', {
  program: new URL('./sdk.py', import.meta.url),
  options,
});

describeInWorkspace('the mlflow client in a workspace that fails', {
  program: new URL('./mlflow_client.py', import.meta.url),
  options,
  prepare: () => ({ MLFLOW_TRACKING_URI: 'databricks', MLFLOW_REGISTRY_URI: 'databricks-uc' }),
});
