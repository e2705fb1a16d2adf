import { describeInWorkspace } from '../workspace-program.ts';

describeInWorkspace("databricks-sdk keeps files in a workspace's volume", {
  program: new URL('./files.py', import.meta.url),
});
