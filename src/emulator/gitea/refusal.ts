/**
 * A domain action that the forge refuses. `status` is what Gitea's API answers; `message` is its text
 * (Gitea leaves it blank in places, and so do we).
 */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}
