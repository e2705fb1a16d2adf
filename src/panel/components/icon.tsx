/**
 * An icon: the text of an SVG file, taken into the bundle by
 * `import raw from '@primer/octicons/build/svg/NAME-16.svg?raw'`.
 */
export type IconShape = string;

/** The same text; kept for rooms that name their icons by it. */
export function iconOf(svg: string): IconShape {
  return svg;
}

export interface IconProps {
  of: IconShape;
  /** Width and height in px. */
  size?: number;
  class?: string;
  /** What it says to those who do not see it; without, it is decoration. */
  label?: string;
}

/** An inline SVG in the text's colour. The markup is the build's own, never data. */
export function Icon({ of, size = 16, class: name = '', label }: IconProps) {
  return (
    <svg
      class={`svg dbx-icon ${name}`}
      width={size}
      height={size}
      viewBox={/viewBox="([^"]*)"/.exec(of)?.[1]}
      role={label === undefined ? undefined : 'img'}
      aria-label={label}
      aria-hidden={label === undefined ? 'true' : undefined}
      dangerouslySetInnerHTML={{ __html: of.slice(of.indexOf('>') + 1, of.lastIndexOf('<')) }}
    />
  );
}
