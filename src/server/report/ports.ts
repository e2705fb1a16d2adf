import type { ReportNote } from './render-report.ts';

/** Port: what there is to say about the newest slash command of a pull request; null: nothing. */
export interface CommandAnswers {
  /** @param head the commit that the pull request has now */
  forPull(repositoryId: number, pull: number, head: string): Promise<ReportNote | null>;
}

/** Port: which comment is ours. */
export interface ReportStore {
  find(
    repositoryId: number,
    pull: number,
  ): Promise<{ commentId: number | null; bodyDigest: string | null } | null>;
  remember(
    repositoryId: number,
    pull: number,
    report: { commentId: number; bodyDigest: string },
  ): Promise<void>;
}

/** Port: what a merge will do or did, in one sentence; null when there is nothing to say. */
export interface PromotionNotes {
  /** @param head the commit that the pull request has now */
  forPull(repositoryId: number, pull: number, head: string): Promise<string | null>;
}
