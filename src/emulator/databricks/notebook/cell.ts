/** A notebook's languages, as the workspace API names them. */
export type Language = 'PYTHON' | 'SQL' | 'SCALA' | 'R';

export interface Cell {
  /** What is in it; one of another language or kind starts with its magic (`%md`, `%sh`, `%run ./other`). */
  text: string;
  /** Set with `# DBTITLE`. */
  title?: string;
}

/** Content that is no notebook of the claimed format, worded for the person who sent it. */
export class NotebookFormatError extends Error {}
