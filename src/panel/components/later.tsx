import type { ComponentChildren, ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/**
 * A component whose code comes when it is first drawn, so that pages do not pay for what few people open. Until
 * then `waiting` stands in its place; where it cannot be fetched that is said, with a way to try again.
 */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  waiting: ComponentChildren = null,
): ComponentType<Props> {
  let known: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [Loaded, setLoaded] = useState(() => known);
    const [attempt, setAttempt] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (known !== null) return;
      load().then(
        (component) => {
          known = component;
          setLoaded(() => component);
        },
        () => setFailed(true),
      );
    }, [attempt]);
    if (Loaded !== null) return <Loaded {...(props as Props & JSX.IntrinsicAttributes)} />;
    if (!failed) return <>{waiting}</>;
    const again = () => {
      setFailed(false);
      setAttempt(attempt + 1);
    };
    return (
      <p class="dbx-sentence" role="alert">
        This part of the page could not be loaded.{' '}
        <button type="button" class="dbx-plain" onClick={again}>
          Try now
        </button>
      </p>
    );
  };
}
