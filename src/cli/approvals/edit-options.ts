import type { Command } from 'commander';
import { GateError } from '../../core/errors.ts';

/** What `approve` takes for changed arguments. */
export interface EditOptions {
  readonly edit?: boolean;
  readonly editFile?: string;
}

export type EditWish =
  | { readonly kind: 'editor' }
  | { readonly kind: 'file'; readonly path: string };

/** How the arguments are to be changed; undefined where they are to stay as they are. */
export function editWishOf(
  { edit, editFile }: EditOptions,
  grant: string | undefined,
): EditWish | undefined {
  const option = editFile === undefined ? edit === true && '--edit' : '--edit-file';
  if (option === false) return undefined;
  if (edit === true && editFile !== undefined) {
    throw new GateError('usage', '"--edit" and "--edit-file" at once, expected one of them');
  }
  if (grant !== undefined) {
    throw new GateError(
      'usage',
      `"--grant" with "${option}": a yes to a changed call is for one call`,
      {
        hint: 'approve it as it is with --grant, or change it without',
      },
    );
  }
  return editFile === undefined ? { kind: 'editor' } : { kind: 'file', path: editFile };
}

export const editExamples = [
  [
    'with other arguments, written in $VISUAL or $EDITOR: they are shown against the old ones before you say yes',
    'mcp-gate approve ap_0123456789 --edit',
  ],
  ['the same from a file, for a program', 'mcp-gate approve ap_0123456789 --edit-file new.json'],
] as const;

export function addEditOptions(command: Command): void {
  command
    .option('--edit', 'change the arguments in $VISUAL or $EDITOR first')
    .option(
      '--edit-file <FILE>',
      'the changed arguments, as a JSON object; - reads standard input',
    );
}
