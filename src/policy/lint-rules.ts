import type { PolicySources } from './compiler.ts';
import type { PolicyFault } from './policy-error.ts';

const sets = 'deny|simulate|compute|escalate|reuse|adapt|allow|hide|oblige';
const namesSet = new RegExp(`^(default[ \\t]+)?(${sets})\\b`);
const packageLine = /^package[ \t]+([^\s#]+)/;
const rulePackage = /^gate\.rules(\.[A-Za-z_]\w*|\["[^"\]]+"\])$/;
const ruleTree = /^gate\.rules(?!\w)/;

/**
 * Rules that the fold would never see, because of where they stand: it looks at `data.gate.rules.<name>`, and the rest
 * would be left out without a word. What they are called and what they look like is a matter of the compiler's lints.
 */
export function lintRules({ modules }: PolicySources): readonly PolicyFault[] {
  return Object.entries(modules)
    .filter(([file]) => !file.endsWith('_test.rego'))
    .flatMap(([file, text]) => lintModule(file, text.split(/\r?\n/)));
}

function lintModule(file: string, lines: readonly string[]): readonly PolicyFault[] {
  const row = lines.findIndex((line) => packageLine.test(line));
  const name = packageLine.exec(lines[row] ?? '')?.[1] ?? '';
  if (!file.startsWith('rules/')) {
    if (!ruleTree.test(name)) return [];
    return [fault(file, row, `package "${name}" holds rules, and rules are read from "rules/"`)];
  }
  if (!rulePackage.test(name))
    return [fault(file, row, `expected package "gate.rules.<name>", got "${name}"`)];
  // The compiler's lints know the other sets.
  const single = lines.findIndex((line) =>
    /^(default[ \t]+)?oblige\b(?![ \t]+contains\b)/.test(line),
  );
  if (single !== -1) {
    return [fault(file, single, '"oblige" must be a set: write "oblige contains {…} if {…}"')];
  }
  const statements = lines.filter((line) => /^[A-Za-z_]/.test(line));
  if (statements.length <= 1 || statements.some((line) => namesSet.test(line))) return [];
  return [fault(file, row, `adds to none of the sets ${sets.replaceAll('|', ', ')}`)];
}

function fault(file: string, index: number, message: string): PolicyFault {
  return { code: 'gate_rule_unseen', message, file, row: Math.max(index, 0) + 1, col: 1 };
}
