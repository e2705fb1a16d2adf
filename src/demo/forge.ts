/** A Gitea to try the panel in: the emulator, or (later) a real one. Everything else goes through its public API. */
export interface Forge {
  /** Starts to answer on loopback. @returns its own origin, behind the front */
  listen(port: number): Promise<string>;
  /** Creates the first site admin where there is none of that name; the one thing that the API cannot do. */
  createAdmin(name: string, password: string, fullName: string): Promise<void>;
  close(): Promise<void>;
}

interface ForgeSettings {
  /** Where the forge keeps its data. */
  dataDir: string;
  /** Gitea's custom folder: templates and assets. */
  customDir: string;
  /** The public address, with a trailing slash. */
  rootUrl: string;
}

/** Makes a forge that is not listening yet. */
export type ForgeProvider = (settings: ForgeSettings) => Promise<Forge>;
