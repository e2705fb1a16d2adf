import { describeInWorkspace } from '../workspace-program.ts';

describeInWorkspace('databricks-sdk runs jobs', { program: new URL('./jobs.py', import.meta.url) });
