/** A Gitea to try the panel in: the emulator, or a real one. Everything else goes through its public API. */
export interface Forge {
  /** Which one runs, for the terminal: `Gitea 1.26 (emulated)`, `Gitea 1.22.0 (/usr/bin/gitea)`. */
  readonly name: string;
  /** Starts to answer on loopback. @returns its own origin, behind the front */
  listen(port: number): Promise<string>;
  /** Creates the first site admin where there is none of that name; the one thing that the API cannot do. */
  createAdmin(name: string, password: string, fullName: string): Promise<void>;
  /** Takes what lies in the custom folder now; called when templates were put there. */
  reloadTemplates(): Promise<void>;
  close(): Promise<void>;
}

export interface ForgeSettings {
  /** Where the forge keeps its data. */
  dataDir: string;
  /** Gitea's custom folder: templates and assets. */
  customDir: string;
  /** The public address, with a trailing slash. */
  rootUrl: string;
}

/** Makes a forge that is not listening yet. @throws with a sentence for the terminal when it cannot run here */
export type ForgeProvider = (settings: ForgeSettings) => Promise<Forge>;
