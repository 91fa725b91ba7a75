import { afterAll, describe, expect, test } from 'vitest';
import { createCompiler } from '../../src/policy/compiler.ts';
import { entrypoints } from '../../src/policy/entrypoints.ts';
import { compileModule } from '../../src/policy/policy-module.ts';
import { readsOf } from '../../src/policy/reads.ts';
import { readPolicyFolder } from '../../src/policy/source-files.ts';
import { sized } from '../../src/policy/wasm-writer.ts';
import { header } from './tiny-module.ts';

const compiler = createCompiler();
afterAll(() => compiler.close());

async function readsIn(modules: Readonly<Record<string, string>>) {
  const { wasm } = await compiler.build({ modules, data: {} }, ['p/x']);
  return readsOf(await compileModule(wasm));
}

const whole = [[]];

type Row = readonly [claim: string, reads: readonly (readonly string[])[], body: string];

describe('what a policy reads of its input', () => {
  const rows: readonly Row[] = [
    ['nothing', [], 'x := 1'],
    ['a member', [['a', 'b']], 'x if input.a.b == 1'],
    ['a member in brackets', [['a', 'b']], 'x if input["a"]["b"] == 1'],
    [
      'two of one',
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
      'x if input.a.b == input.a.c',
    ],
    ['one within another', [['a']], 'x if input.a.b == count(input.a)'],
    ['what an index leads to', [['a']], 'x if input.a[0].c == 1'],
    ['what a variable leads to', [['a']], 'x if { some k; input.a[k].c == 1 }'],
    ['what an index is', [['a'], ['b', 'c']], 'x if input.a[input.b.c] == 1'],
    ['an index into data', [['a', 'b']], 'x if data.foo[input.a.b]'],
    ['under another name', [['a', 'b']], 'import input.a as z\n\nx if z.b == 1'],
    ['all under another name', [['a', 'b']], 'import input as z\n\nx if z.a.b == 1'],
    ['by a variable', [['a']], 'x := y if { d := input; y := d.a }'],
    ['by two variables', [['a', 'b']], 'x if { d := input; e := d; e.a.b == 1 }'],
    ['in a negation', [['a', 'b']], 'x if not input.a.b'],
    ['in a default', [['a']], 'default x := 1\n\nx := 2 if input.a'],
    ['in an else', [['a'], ['b']], 'x := 1 if input.a else := 2 if input.b'],
    ['in a comprehension', [['a', 'b']], 'x := [y | some y in input.a.b]'],
    ['in an every', [['a'], ['b']], 'x if { every y in input.a { y == input.b } }'],
    ['in a head', [['a', 'b'], ['c']], 'x[input.a.b] := input.c'],
    ['in a template', [['a', 'b'], ['c']], 'x := $"{input.a.b} and {input.c}"'],
    ['in what is never asked for', [['q']], 'x := 1\n\ny := input.q'],
    ['the time', [['context', 'time_ns']], 'x if time.now_ns() - 5 > 3'],
    [
      'with a deep part replaced, in a copy of what holds it',
      [['a', 'b'], ['z']],
      'x if { y with input.a.b.c as 1 }\n\ny if input.z == 1',
    ],
    [
      'with data replaced',
      [['a'], ['z']],
      'x if { y with data.foo as input.a }\n\ny if input.z == 1',
    ],
    [
      'with a builtin replaced',
      [['a'], ['b']],
      'x if abs(input.a) == 1 with abs as f\n\nf(d) := input.b if d.c',
    ],
    [
      'the time in what replaces data',
      [['context', 'time_ns']],
      'x if { y with data.foo as time.now_ns() }\n\ny if data.foo > 1',
    ],
    ['the time in a template', [['context', 'time_ns']], 'x := $"{time.now_ns()}"'],
    ['with a part replaced', [['a'], ['z']], 'x if { y with input.a as 1 }\n\ny if input.z == 1'],
    ['by a function', [['a', 'b']], 'x if f(input)\n\nf(d) if d.a.b == 1'],
    ['by a function that is denied', [['a', 'b']], 'x if not f(input)\n\nf(d) if not d.a.b'],
    [
      'by a function of a function',
      [['q']],
      'x if f(1, input)\n\nf(n, d) if g(d, n)\n\ng(d, n) if d.q == n',
    ],
    [
      'by an else of a function',
      [['a'], ['b']],
      'x if f(input) == 1\n\nf(d) := 1 if { d.a } else := d.b',
    ],
    [
      'by a function with a default',
      [['a']],
      'x if f(input)\n\ndefault f(_) := false\n\nf(d) if d.a',
    ],
    ['by a variable of a function', [['q']], 'x if f(input)\n\nf(d) if { e := d; e.q }'],
    [
      'by variables of functions',
      [['z', 'y']],
      'x if f(input)\n\nf(d) if { e := d; g(e) }\n\ng(d) if { h := d; h.z.y }',
    ],
    ['by a variable that nobody declared', [['q']], 'x if { input = d; d.q }'],
    ['by a function that is given a part', [['z']], 'x if f(input.z)\n\nf(d) if d.a.b == 1'],
    [
      'by a function that is given both',
      [['a', 'b'], ['z']],
      'x if { f(input); f(input.z) }\n\nf(d) if d.a.b == 1',
    ],
    [
      'by a function with a part replaced',
      [['a'], ['q']],
      'x if f(input) with input.a as 1\n\nf(d) if d.q',
    ],
    [
      'not what another function reads',
      [['q']],
      'x if { f(input); g({"z": 1}) }\n\nf(d) if d.q\n\ng(d) if d.z',
    ],
  ];
  test.each(rows)('%s', async (_, reads, body) => {
    expect(await readsIn({ 'p.rego': `package p\n\n${body}\n` })).toEqual(reads);
  });

  test.each([
    'x := input',
    'x if input == {"a": 1}',
    'x if is_object(input)',
    'x := json.marshal(input)',
    'x := [input]',
    'x if { some q in [input]; q.a == 1 }',
    'x if { d := input; some k, v in d; v == k }',
    'x if { k := "a"; input[k].b }',
    'x := {k: v | v := input[k]}',
    'x contains d if d := input',
    'x if object.get(input, "a", 1) == 1',
    'x if { walk(input, [p, v]); v == 1; count(p) > 0 }',
    'x if { y with input as {"a": 1} }\n\ny if input.z == 1',
    'x if { y with data.foo as input }\n\ny if data.foo.z == 1',
    'x if { y := {"a": 1}; y = input }',
    'x if { y = {"a": 1}; y = input }',
    'x if { [a, b] := [input, 1]; a.q == b }',
    'x := f(input)\n\nf(d) := d',
    'x := f(input)\n\nf(d) := {"k": d}',
    'x := f(input)\n\nf(d) := g(d)\n\ng(d) := count(d)',
    'x if f(1, input)\n\nf(n) := n',
    'x if f(input)\n\nf({"a": 1})',
    'x if f({"a": 1})\n\nf(d) if d = input',
    'x if { f(input); f({"a": 1}) }\n\nf(d) if { e := input; e = d }',
    'x if { d = input; d.q }\n\ny if { d = {"z": 1}; d.z }',
    'x if f(input)\n\nf(d) if { some k in ["a"]; d[k].c }',
    'x if f([input])\n\nf(d) if d[0].b == 1',
    'x if f(input, {"a": 1})\n\nf(d, d) := 1',
    'x if f(input, [1])\n\nf(d, [d]) := 1',
    'x if f(input) == 1 with f as g\n\nf(d) := d.a\n\ng(d) := d.b',
    'x if f(input) == 1 with data.p.f as count\n\nf(d) := d.a',
    'x if y with data.p.f as g\n\ny if f(input)\n\nf(d) := d.a\n\ng(d) := d.b',
  ])('all of it: %s', async (body) => {
    expect(await readsIn({ 'p.rego': `package p\n\n${body}\n` })).toEqual(whole);
  });

  test('through a function of another file', async () => {
    const reads = await readsIn({
      'p.rego': 'package p\n\nimport data.lib\n\nx if lib.deep.f(input)\n',
      'lib.rego': 'package lib\n\ndeep.f(d) if d.q.r\n',
    });
    expect(reads).toEqual([['q', 'r']]);
  });

  test('tests do not count', async () => {
    const reads = await readsIn({
      'p.rego': 'package p\n\nx if input.a\n',
      'p_test.rego': 'package p_test\n\nimport data.p\n\ntest_x if p.x with input as {"a": 1}\n',
    });
    expect(reads).toEqual([['a']]);
  });

  test.each<[claim: string, ...sections: string[]]>([
    ['no section'],
    ['no JSON', '[["a"]'],
    ['something else', '{"a": 1}'],
    ['two sections', '[["a"]]', '[["b"]]'],
  ])('is not known of a module with %s', (_, ...texts) => {
    const name = sized([Buffer.from('gate.reads')]);
    const sections = texts.map((text) => [0, ...sized([name, Buffer.from(text)])]);
    expect(readsOf(new WebAssembly.Module(Uint8Array.from([...header, ...sections.flat()])))).toBe(
      undefined,
    );
  });

  test('the starter set reads neither the time nor how many calls there were', async () => {
    const { sources } = await readPolicyFolder(undefined);
    const { wasm } = await compiler.build(sources, entrypoints);
    const reads = readsOf(await compileModule(wasm));
    expect(reads).toContainEqual(['resource', 'properties']);
    expect(reads?.filter(([part]) => part === 'context')).toEqual([
      ['context', 'approval', 'rules'],
      ['context', 'environment'],
      ['context', 'freeze'],
      ['context', 'prior', 'status'],
      ['context', 'session', 'labels'],
      ['context', 'settled'],
      ['context', 'workspace'],
    ]);
  });
});
