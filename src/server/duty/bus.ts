/** What one backend tells the others of the same store, and itself. */
export interface BusMessage {
  /** `wake`: a duty has something to do; `change`: viewers should look again; `lease`: one was given back. */
  topic: 'wake' | 'change' | 'lease';
  /** Name of the duty or lease, or the change as JSON. At most some kilobytes. */
  payload: string;
}

/**
 * Port: reaches every backend that uses the same store, this one included. A message may be lost (nobody listens just
 * then), so that it only ever makes somebody look sooner.
 */
export interface Bus {
  /** Never throws and waits for nobody. */
  publish(message: BusMessage): void;
  /** @returns stops listening */
  subscribe(topic: BusMessage['topic'], hear: (payload: string) => void): () => void;
  /** Told when messages may have been lost: look at everything. @returns stops listening */
  onGap(call: () => void): () => void;
  close(): Promise<void>;
}

type Topic = BusMessage['topic'];

/** The bus of a store that only this process uses. */
export function createLocalBus(failed: (error: unknown) => void): Bus {
  const listeners = new Map<Topic, Set<(payload: string) => void>>();
  return {
    publish({ topic, payload }) {
      for (const hear of listeners.get(topic) ?? []) {
        try {
          hear(payload);
        } catch (error) {
          failed(error);
        }
      }
    },
    subscribe(topic, hear) {
      const some = listeners.get(topic) ?? new Set();
      listeners.set(topic, some.add(hear));
      return () => void some.delete(hear);
    },
    onGap: () => () => {},
    close: async () => {},
  };
}
