import { describeSdk } from './describe-sdk.ts';

describeSdk("databricks-sdk works in the workspace's tree", { program: 'workspace.py' });
