/** Port: whether a workspace answers. While it does not, what is due for it stays as it is. */
export interface Answering {
  /** How many calls it would take now: any number while it answers; else one now and then, to see whether it does. */
  permits(): number;
  /** Milliseconds until it would take one; 0: now. */
  waitMs(): number;
}

export interface DestinationOptions {
  /**
   * Name of the workspace that a repository's runs go to: one that does not answer holds up no other one. null: the
   * repository is bound to none (any more), and the handlers know what that means.
   */
  workspaceOf: (repository: number) => Promise<string | null>;
  /** Whether a workspace answers; each is taken to, where this is left out. */
  answering?: (workspace: string) => Answering;
  /** Messages to Gitea, and to each workspace, that are under way at the same time; 8 by default. */
  concurrency?: number;
}

/** Who is asked: Gitea, or a workspace. */
export interface Destination {
  name: string;
  /** How many more messages it takes now. */
  free(): number;
  /** Milliseconds until one that does not answer would be tried; infinite: that is not what it waits for. */
  waitMs(): number;
}

/** Whom messages go to, and how many are on their way to each. */
export class Destinations {
  readonly #options: DestinationOptions;
  /** Of each key under way, the name of its destination. */
  readonly #underWay = new Map<string, string>();

  constructor(options: DestinationOptions) {
    this.#options = options;
  }

  begin(key: string, { name }: Destination): void {
    this.#underWay.set(key, name);
  }

  end(key: string): void {
    this.#underWay.delete(key);
  }

  /** Of a repository's messages of this kind. For one look at what is due: each repository is asked about once. */
  lookup(kind: 'gitea' | 'workspace'): (repository: number) => Promise<Destination> {
    const { workspaceOf } = this.#options;
    if (kind === 'gitea') {
      const gitea = this.#destination(kind);
      return async () => gitea;
    }
    const known = new Map<number, Destination>();
    return async (repository) => {
      const before = known.get(repository);
      if (before) return before;
      const workspace = await workspaceOf(repository);
      const answering = workspace === null ? undefined : this.#options.answering?.(workspace);
      const destination = this.#destination(`workspace ${workspace}`, answering);
      known.set(repository, destination);
      return destination;
    };
  }

  #destination(name: string, answering?: Answering): Destination {
    const forever = Number.POSITIVE_INFINITY;
    return {
      name,
      free: () => {
        let used = 0;
        for (const one of this.#underWay.values()) if (one === name) used += 1;
        return Math.min(this.#options.concurrency ?? 8, answering?.permits() ?? forever) - used;
      },
      waitMs: () => answering?.waitMs() || forever,
    };
  }
}
