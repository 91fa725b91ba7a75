import { isDeepStrictEqual } from 'node:util';
import type { ControlDocument, Freeze } from './control-document.ts';

/** Changes of the document. Each gives the same object back where it changes nothing, as `changeControl` wants it. */
export function withFreeze(document: ControlDocument, freeze: Freeze): ControlDocument {
  const { freezes } = document;
  if (freezes.some((each) => isDeepStrictEqual(each, freeze))) return document;
  return { ...document, freezes: [...freezes.filter(({ id }) => id !== freeze.id), freeze] };
}

export function withoutFreezes(
  document: ControlDocument,
  ids: ReadonlySet<string>,
): ControlDocument {
  const freezes = document.freezes.filter(({ id }) => !ids.has(id));
  return freezes.length === document.freezes.length ? document : { ...document, freezes };
}

export function withMode(
  document: ControlDocument,
  mode: ControlDocument['mode'],
): ControlDocument {
  return document.mode === mode ? document : { ...document, mode };
}
