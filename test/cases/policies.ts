import { openInline } from '../../src/policy/active-policy.ts';
import { type Compiler, createCompiler } from '../../src/policy/compiler.ts';
import type { ActivePolicy } from '../../src/policy/contract.ts';
import { entrypoints } from '../../src/policy/entrypoints.ts';
import { inputJsonSchema } from '../../src/policy/input-json-schema.ts';
import { lintRules } from '../../src/policy/lint-rules.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import type { Case, CaseFile } from './case.ts';

/** The policies of one file of cases; a case is known to its rules by the name that its client gives itself. */
export interface Policies {
  of(each: Pick<Case, 'rules' | 'data'>): ActivePolicy;
}

/** Compiles what a file of cases needs: one build for all of its rule files, and one for the shipped set. */
export async function compilePolicies({ rules, cases }: CaseFile): Promise<Policies> {
  const compiler = createCompiler();
  try {
    const shipped = (await readPolicyFolder(undefined)).sources;
    const base = Object.entries(shipped.modules).filter(([name]) => !name.startsWith('rules/'));
    const modules = { ...Object.fromEntries(base), ...modulesOf(rules) };
    const own = await build(compiler, modules);
    const usesStarter = cases.some((each) => each.rules === 'starter');
    const starter = usesStarter ? await build(compiler, shipped.modules) : undefined;
    return {
      of: ({ rules: name, data = {} }) => {
        const isKnown = name === 'starter' || Object.hasOwn(rules, name);
        const module = name === 'starter' ? starter : own;
        if (!isKnown || module === undefined) throw new Error(`no rules are called "${name}"`);
        const dataText = JSON.stringify({ ...shipped.data, ...data });
        const engine = { gate: '0', regoc: null, opa_wasm: '0', memory_pages: 256 };
        const version = { id: name, revision: null, digest: `sha256:${name}`, engine };
        return openInline({ version, module, dataText });
      },
    };
  } finally {
    await compiler.close();
  }
}

async function build(compiler: Compiler, modules: Readonly<Record<string, string>>) {
  const sources = { modules, data: {} };
  const lints = lintRules(sources);
  if (lints.length > 0) throw new Error(JSON.stringify(lints));
  const { wasm } = await compiler.build(sources, entrypoints, inputJsonSchema());
  return compileModule(wasm);
}

const sets = /^(deny|simulate|compute|escalate|reuse|adapt|allow|hide) contains /gm;

/**
 * Every rule file stands in a package of its own behind a door in `gate.rules`, which lets it speak about the calls of its
 * own cases alone: so one build does for all of them.
 */
function modulesOf(rules: CaseFile['rules']): Readonly<Record<string, string>> {
  const modules = Object.entries(rules).flatMap(([name, lines]) => {
    const text = `package cases.${name}\n\n${lines.join('\n')}\n`;
    const spoken = new Set([...text.matchAll(sets)].map(([, set]) => set));
    const doors = [...spoken].map(
      (set) =>
        `${set} contains rule if {\n\tinput.context.client.name == "${name}"\n\tsome rule in ${name}.${set}\n}\n`,
    );
    const door = `package gate.rules.${name}\n\nimport data.cases.${name}\n\n${doors.join('\n')}`;
    return [
      [`cases/${name}.rego`, text],
      [`rules/${name}.rego`, door],
    ];
  });
  return Object.fromEntries(modules);
}
