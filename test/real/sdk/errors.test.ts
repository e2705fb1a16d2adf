import { describeSdk } from './describe-sdk.ts';

describeSdk('what goes wrong reaches databricks-sdk', {
  program: 'errors.py',
  options: { faultControl: true },
});
