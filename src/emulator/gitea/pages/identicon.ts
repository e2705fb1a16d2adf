/** A symmetric 5 × 5 picture from a hexadecimal hash, as SVG: what people look like who gave no avatar. */
export function identicon(hash: string): string {
  const digits = [...hash.padEnd(32, '0')].map((digit) => Number.parseInt(digit, 16));
  const hue = Math.round((((digits[0] ?? 0) * 16 + (digits[1] ?? 0)) / 256) * 360);
  const cells: string[] = [];
  for (let row = 0; row < 5; row++) {
    for (let column = 0; column < 3; column++) {
      if ((digits[2 + row * 3 + column] ?? 0) % 2 === 0) continue;
      for (const x of new Set([column, 4 - column])) cells.push(`M${x} ${row}h1v1h-1z`);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.5 -0.5 6 6" shape-rendering="crispEdges"><path fill="#fff" d="M-.5-.5h6v6h-6z"/><path fill="hsl(${hue} 60% 42%)" d="${cells.join('')}"/></svg>`;
}
