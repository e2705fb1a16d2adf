import { describeInWorkspace } from '../workspace-program.ts';

const prepare = () => ({ MLFLOW_TRACKING_URI: 'databricks', MLFLOW_REGISTRY_URI: 'databricks-uc' });

describeInWorkspace('the mlflow client tracks in the emulated workspace', {
  program: new URL('./tracking.py', import.meta.url),
  prepare,
});

describeInWorkspace('the mlflow client searches 1,200 runs', {
  program: new URL('./search.py', import.meta.url),
  prepare,
});
