import { signedInUser } from '../account/sessions.ts';
import type { ForgeContext } from '../context.ts';
import { newNonce } from './layout.ts';
import type { Viewer } from './viewer.ts';
import { subUrlOf } from './viewer.ts';

/** The part of a request that a page needs. */
export interface PageRequest {
  readonly url: string;
  readonly headers: { readonly cookie?: string };
}

/** Who sent a request, and where to. */
export function viewerOf(forge: ForgeContext, request: PageRequest): Viewer {
  return {
    forge,
    user: signedInUser(forge, request),
    url: request.url,
    subUrl: subUrlOf(forge.settings.rootUrl),
    nonce: newNonce(),
    started: Date.now(),
  };
}
