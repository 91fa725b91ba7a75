/** What the gate asks a policy: the decision on a call, and whether a list shows an item. */
export const entrypoints = ['gate/decision', 'gate/visible'] as const;

export type Entrypoint = (typeof entrypoints)[number];
