/** How much is answered, per minute. Whoever has more gets 429 with `Retry-After`. */
export interface RateLimits {
  /** Requests of one user, whatever the address. */
  user: number;
  /** Requests of one address without a session. */
  address: number;
  /** Requests about one repository, of all who may see it together. */
  repository: number;
  /** Deliveries of one repository that are stored; what is over is found by the reconciler. */
  deliveries: number;
  /** Deliveries of one address whose signature is wrong. */
  forged: number;
}

/** A page of the panel needs some ten requests, a busy repository of Gitea some deliveries per minute. */
export const defaultRateLimits: RateLimits = {
  user: 1_200,
  address: 600,
  repository: 6_000,
  deliveries: 600,
  forged: 60,
};
