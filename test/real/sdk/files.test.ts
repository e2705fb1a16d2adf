import { describeSdk } from './describe-sdk.ts';

describeSdk("databricks-sdk keeps files in a workspace's volume", { program: 'files.py' });
