import { printable } from '../core/printable.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of unknown origin for the body of a page or a quoted attribute: nothing in it is markup, moves, or hides. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** Every page has this, and a browser uses no other: the header names its hash. */
export const style = [
  'body{font:16px/1.4 system-ui,sans-serif;max-width:44em;margin:0 auto;padding:1em;color:#111;background:#fff}',
  'pre{font:13px/1.4 ui-monospace,monospace;overflow-x:auto;padding:.6em;border:1px solid #999}',
  'label{display:block;margin:1em 0}',
  'input{display:block;box-sizing:border-box;width:100%;font:inherit;padding:.5em;margin-top:.3em}',
  'button{font:inherit;padding:.6em 1.4em;margin:0 1em 1em 0}',
  '.said{font-weight:bold}',
].join('');

/** A whole document around a body that is markup already. */
export function page(body: readonly string[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>mcp-gate: approval</title><style>${style}</style></head>`,
    `<body><main>${body.join('\n')}</main></body></html>\n`,
  ].join('\n');
}
