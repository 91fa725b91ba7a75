import * as z from 'zod';
import type { CallScope } from '../core/call-scope.ts';
import { parseJson } from '../core/parse-json.ts';

/** Its name in the state folder. */
export const controlFileName = 'control.json';

/** A longer one is not read: it freezes. */
export const controlBytesLimit = 1024 * 1024;

const short = z.string().max(1000);
const rev = z.int().nonnegative();
/** An override of the config's mode; it may only tighten. */
const mode = z.literal('enforce').nullable();

/** Null stands for every server, every tool, every subject. */
const freeze = z.strictObject({
  id: z.string().min(1).max(100),
  server: short.nullable(),
  tool: short.nullable(),
  subject: short.nullable(),
  reason: short,
  by: short,
  at: short,
});

const controlDocument = z.strictObject({ rev, freezes: z.array(freeze), mode });

/** As it was written before freezes had scopes; the next change writes it anew. */
const unscopedDocument = z
  .strictObject({
    rev,
    freeze: z.strictObject({ reason: short, by: short, at: short }).nullable(),
    mode,
  })
  .transform(({ freeze: only, ...others }) => ({
    ...others,
    freezes: only === null ? [] : [{ id: 'fz_first', ...everything, ...only }],
  }));

const everything = { server: null, tool: null, subject: null };

/** What the operator says to every running gate; people edit it by hand, so no member may be guessed. */
export type ControlDocument = Readonly<Omit<z.infer<typeof controlDocument>, 'freezes'>> & {
  readonly freezes: readonly Freeze[];
};

export type Freeze = Readonly<z.infer<typeof freeze>>;

export const noControl: ControlDocument = { rev: 0, freezes: [], mode: null };

/** Parses the text of `control.json`; undefined for anything but a control document. */
export function parseControl(text: string): ControlDocument | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    // Whatever is wrong with it, the caller treats it as a freeze.
    return undefined;
  }
  const parsed = z.union([controlDocument, unscopedDocument]).safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

export function documentText(document: ControlDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function isUnscoped({ server, tool, subject }: Freeze): boolean {
  return server === null && tool === null && subject === null;
}

/** Whether the freeze stops calls of this scope. A tool may be named as its server does, or as agents do. */
export function covers({ server, tool, subject }: Freeze, scope: CallScope): boolean {
  return (
    (server === null || server === scope.server) &&
    (subject === null || subject === scope.subject) &&
    (tool === null || tool === scope.tool || tool === `${scope.server}__${scope.tool}`)
  );
}
