import type { ProviderConfiguration } from '../config/provider-configuration.ts';

/** Port: the organisation's own identity provider. */
export interface ProviderTokens {
  /**
   * A fresh JWT of a principal, which Databricks takes by a policy for the provider's issuer. Rejects with a
   * DatabricksError, code `IDENTITY_PROVIDER`, as every failure on the way to Databricks does.
   *
   * @param principal application id
   */
  subjectToken(provider: ProviderConfiguration, principal: string): Promise<string>;
}
