import { describeInWorkspace } from '../workspace-program.ts';

describeInWorkspace("databricks-sdk works in the workspace's tree", {
  program: new URL('./workspace.py', import.meta.url),
});
