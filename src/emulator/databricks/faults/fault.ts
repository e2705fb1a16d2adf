/** Which requests a fault meets, and how often. */
export interface FaultRule {
  /** Any method when absent. */
  method?: string;
  /** The path without its query; `*` stands for any text, slashes too. */
  path: string;
  /** How many requests that match pass before it happens. */
  skip: number;
  /** How often it happens. */
  times: number;
  /** 0 to 1, drawn with `seed` for every request that matches. */
  probability: number;
  seed: number;
}

/** What happens to a request, in place of its answer, before it or after it. */
export type FaultEffect =
  /** An error envelope; the handler does not run. `errorCode` may be an integer or one that no client knows. */
  | { kind: 'error'; status: number; errorCode: string | number; message: string; retryAfter?: number }
  /** An HTML page of what stands in front of the workspace; the handler does not run. With a location, a redirect. */
  | { kind: 'page'; status: number; page: Page; location?: string; retryAfter?: number }
  /** The handler runs, `delayMs` later. */
  | { kind: 'delay'; delayMs: number }
  /** The connection is reset (TCP RST); the handler does not run. */
  | { kind: 'reset' }
  /** The handler ran, its answer is lost: the connection closes. */
  | { kind: 'lost_answer' }
  /** The handler ran; the first half of the body comes, then the connection closes or nothing more ever comes. */
  | { kind: 'half_answer'; end: 'close' | 'stall' }
  /** The handler ran; what it would show for the first time is held back (an eventually consistent read). */
  | { kind: 'late'; before: Before };

/** `gateway`: a load balancer's page; `login`: the sign-in page; `error`: a page with the message in `<pre>`. */
export type Page = (typeof pages)[number];
export const pages = ['gateway', 'login', 'error'] as const;

/**
 * What a read shows while the truth is held back: that the thing is missing, an empty list, or what the same read
 * showed last (its first answer is the truth).
 */
export type Before = (typeof befores)[number];
export const befores = ['missing', 'empty', 'seen'] as const;

export type Fault = FaultRule & FaultEffect;

/** Kinds that are decided before the handler, and those that change what it answered. */
export const beforeHandler = ['error', 'page', 'delay', 'reset'] as const;
export const afterHandler = ['lost_answer', 'half_answer', 'late'] as const;
export type BeforeHandler = Extract<Fault, { kind: (typeof beforeHandler)[number] }>;
export type AfterHandler = Extract<Fault, { kind: (typeof afterHandler)[number] }>;
