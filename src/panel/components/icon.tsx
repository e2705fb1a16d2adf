/** An icon's inner markup, taken from an SVG file at build time. */
export interface IconShape {
  markup: string;
  viewBox: string;
}

/**
 * The shape in an octicon's SVG text; import it as
 * `import raw from '@primer/octicons/build/svg/NAME-16.svg?raw'`, so that only used ones are in the bundle.
 */
export function iconOf(svg: string): IconShape {
  return {
    markup: svg.slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>')),
    viewBox: /viewBox="([^"]*)"/.exec(svg)?.[1] ?? '0 0 16 16',
  };
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
      viewBox={of.viewBox}
      role={label === undefined ? undefined : 'img'}
      aria-label={label}
      aria-hidden={label === undefined ? 'true' : undefined}
      dangerouslySetInnerHTML={{ __html: of.markup }}
    />
  );
}
