import { describeInWorkspace } from '../workspace-program.ts';

describeInWorkspace('databricks-sdk and the rights of the emulated workspace', {
  program: new URL('./rights.py', import.meta.url),
});
