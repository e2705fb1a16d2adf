/** An access token as Databricks gave it. */
export interface ExchangedToken {
  token: string;
  expiresInSeconds: number;
}

interface Held {
  token: string;
  /** From then on a new one is asked for in the background, milliseconds. */
  refreshFrom: number;
  /** From then on it is not used any more. */
  ends: number;
}

/** A token counts as ended this long before it ends, as Databricks' own clients do (facts: Authentication). */
const earlyMs = 40_000;
/** And is refreshed this long before its end, or half of its life. */
const refreshBeforeMs = 20 * 60_000;
/** After a refresh that failed while the present token still serves. */
const retryAfterMs = 5_000;

/**
 * Tokens that are shared by name: one request at a time for each, and a new one before the present one ends, so that
 * nobody waits. A failed refresh is nobody's failure while the present token serves.
 *
 * @param now milliseconds; does not jump
 */
export function createTokenCache(now: () => number) {
  const held = new Map<string, Held>();
  const asked = new Map<string, Promise<string>>();

  function ask(name: string, fresh: () => Promise<ExchangedToken>): Promise<string> {
    const running = asked.get(name);
    if (running) return running;
    const started = fresh()
      .then(({ token, expiresInSeconds }) => {
        const life = expiresInSeconds * 1000;
        const ends = now() + Math.max(life - earlyMs, life / 2);
        const refreshFrom = Math.min(ends, now() + life - Math.min(life / 2, refreshBeforeMs));
        held.set(name, { token, refreshFrom, ends });
        return token;
      })
      .finally(() => asked.delete(name));
    asked.set(name, started);
    return started;
  }

  return {
    /** @param fresh asks for a new one; it rejects when there is none */
    async get(name: string, fresh: () => Promise<ExchangedToken>): Promise<string> {
      const present = held.get(name);
      const at = now();
      if (!present || present.ends <= at) return ask(name, fresh);
      if (present.refreshFrom <= at) {
        ask(name, fresh).catch(() => {
          present.refreshFrom = now() + retryAfterMs;
        });
      }
      return present.token;
    },
  };
}
