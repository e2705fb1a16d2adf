import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { importPKCS8 } from 'jose';
import type { ProviderIdentity } from '../config/provider-configuration.ts';

type Client = Extract<ProviderIdentity, { kind: 'client' }>;

/** A client's private key as it lies in its file now, and how the provider is told which one it is. */
export interface ClientKey {
  key: CryptoKey;
  kid: string | null;
  /** SHA-256 thumbprint of the certificate, base64url (RFC 7515 `x5t#S256`): Entra ID knows keys by it. */
  thumbprint: string | null;
}

/** ES256 for P-256, RS256 for RSA: what every provider takes. @throws when a file cannot be read or used */
export async function readClientKey({ keyFile, keyId, certificateFile }: Client): Promise<ClientKey> {
  const secret = createPrivateKey(await readFile(keyFile, 'utf8'));
  const pem = secret.export({ type: 'pkcs8', format: 'pem' }) as string;
  const key = await importPKCS8(pem, secret.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256');
  const certificate =
    certificateFile === null ? null : new X509Certificate(await readFile(certificateFile, 'utf8'));
  return {
    key,
    kid: keyId,
    thumbprint: certificate && createHash('sha256').update(certificate.raw).digest('base64url'),
  };
}
