/** What went wrong in a template, worded as Go's text/template words it: `template: NAME:LINE: …`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(template: string, line: number, message: string, options?: ErrorOptions) {
    super(`template: ${template}:${line}: ${message}`, options);
  }
}
