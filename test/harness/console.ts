/** What a console block shows: a call of a client (`>`) or a command (`$`), and what came of it. */
export interface ConsoleStep {
  readonly kind: 'call' | 'command';
  readonly said: string;
  readonly shown: string;
}

/** The steps of a block; everything behind a prompt and before the next one is output. */
export function readConsole(text: string): readonly ConsoleStep[] {
  const [before, ...parts] = `\n${text}`.split(/\n(?=[>$] )/);
  if (before !== '') throw new Error(`output before the first prompt: ${before}`);
  return parts.map((part) => {
    const [head = '', ...lines] = part.replace(/\n$/, '').split('\n');
    const kind = head.startsWith('>') ? 'call' : 'command';
    return { kind, said: head.slice(2), shown: lines.join('\n') };
  });
}

export function writeConsole(steps: readonly ConsoleStep[]): string {
  return steps
    .map(({ kind, said, shown }) =>
      [`${kind === 'call' ? '>' : '$'} ${said}`, ...(shown === '' ? [] : [shown])].join('\n'),
    )
    .map((step) => `${step}\n`)
    .join('');
}

/** What is another one in every run. */
const changing: Readonly<Record<string, RegExp>> = {
  approval: /\bap_[0-9a-z]{10}\b/g,
  grant: /\bgr_[0-9a-z]{10}\b/g,
  freeze: /\bfz_[0-9a-f]{10}\b/g,
  uuid: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
  hash: /\b[0-9a-f]{64}\b/g,
  trace: /\b[0-9a-f]{32}\b/g,
  tail: /\b[0-9a-f]{8}\b/g,
  time: /\b\d{4}-\d\d-\d\dT[0-9:.]+Z/g,
  duration: /\b\d+ ms\b/g,
  process: /\bgate \d+\b/g,
  size: /\b\d+ entries\b/g,
};

export function masked(text: string): string {
  return Object.entries(changing).reduce(
    (before, [name, form]) => before.replaceAll(form, `<${name}>`),
    text,
  );
}

/** The names of approvals, grants, freezes, decisions and traces in a text, in order: later steps speak of them. */
export function namesIn(text: string): readonly string[] {
  return text.match(/\b(?:(?:ap|fz|gr)_[0-9a-z]{10}|[0-9a-f-]{36}|[0-9a-f]{32})\b/g) ?? [];
}

/** Whether this came; a line `…` stands for any lines, and `[…]` for anything in its line. */
export function isAsShown(shown: string, came: string): boolean {
  const literally = (line: string) =>
    line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\[…\\]', '.*');
  const lines = masked(shown)
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\\n)*' : `${literally(line)}\\n`));
  return new RegExp(`^${lines.join('')}$`).test(`${masked(came)}\n`);
}
