import { useEffect, useState } from 'preact/hooks';

/** The time now, again every `interval` ms while the component is shown; stands still when it is null. */
export function useNow(interval: number | null): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (interval === null) return undefined;
    const timer = setInterval(() => setNow(new Date()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}
