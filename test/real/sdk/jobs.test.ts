import { describeSdk } from './describe-sdk.ts';

describeSdk('databricks-sdk runs jobs', { program: 'jobs.py' });
