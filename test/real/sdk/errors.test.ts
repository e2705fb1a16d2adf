import { describeInWorkspace } from '../workspace-program.ts';

describeInWorkspace('what goes wrong reaches databricks-sdk', {
  program: new URL('./errors.py', import.meta.url),
  options: { faultControl: true },
});
