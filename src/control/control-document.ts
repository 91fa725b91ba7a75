import * as z from 'zod';

const short = z.string().max(1000);

const controlDocument = z.strictObject({
  rev: z.int().nonnegative(),
  freeze: z.strictObject({ reason: short, by: short, at: short }).nullable(),
  /** An override of the config's mode; it may only tighten. */
  mode: z.literal('enforce').nullable(),
});

/** What the operator says to every running gate; people edit it by hand, so no member may be guessed. */
export type ControlDocument = Readonly<z.infer<typeof controlDocument>>;

export const noControl: ControlDocument = { rev: 0, freeze: null, mode: null };

/** Parses the text of `control.json`; undefined for anything but a control document. */
export function parseControl(text: string): ControlDocument | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Whatever is wrong with it, the caller treats it as a freeze.
    return undefined;
  }
  const parsed = controlDocument.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
