import type { Ruling } from './decide.ts';

/** What kind of data a class is, by the first part of its name. */
const labelOf: Readonly<Record<string, string>> = {
  secret: 'secret',
  pci: 'private',
  pii: 'private',
  phi: 'private',
};

/**
 * Notes what kinds of data a result has brought into the session, whoever has seen it: what the config says of the tool,
 * what the tool says of itself, which may only tighten, and what was found.
 */
export function noteLabels({ caller, settings, tool }: Ruling, classes: readonly string[]): void {
  const { labels } = caller.session;
  for (const label of settings.labels) labels.add(label);
  if (tool?.annotations['openWorldHint'] === true) labels.add('untrusted');
  for (const name of classes) {
    const label = labelOf[name.split('.', 1)[0] ?? ''];
    if (label !== undefined) labels.add(label);
  }
}
