const start = 'Traceback (most recent call last):';

/** What Python writes between the traces of one chain of exceptions. */
const joint =
  /\n\n(During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):\n\n$/;

/**
 * The error of a Python program that failed, from what it wrote: its last trace (with the chain that led to it) and
 * the last trace's own message; without a trace the way it ended and its last lines.
 */
export function errorOf(log: string, exit: string): { error: string; errorTrace: string } {
  const last = log.lastIndexOf(start);
  if (last === -1)
    return {
      error: `The Python process ended with ${exit}`,
      errorTrace: log.trimEnd().split('\n').slice(-20).join('\n'),
    };
  let first = last;
  while (joint.test(log.slice(Math.max(0, first - 120), first))) {
    const earlier = log.lastIndexOf(start, first - 1);
    if (earlier === -1) break;
    first = earlier;
  }
  // A trace's frames are indented; the first line that is not begins its message.
  const message = log
    .slice(last)
    .split('\n')
    .slice(1)
    .find((line) => line !== '' && !/^\s/.test(line));
  return {
    error: message?.trim() ?? `The Python process ended with ${exit}`,
    errorTrace: log.slice(first).trimEnd(),
  };
}
