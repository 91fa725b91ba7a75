import fc from 'fast-check';

/** Policies that read their input in ways that hide what they read, and inputs for them. */

const names = ['a', 'b', 'c', 'd', 'e'] as const;

const path = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 })
  .map((steps) => steps.map((step) => `.${step}`).join(''));

/** What a function does with a document; `.P` is some path, and `next` a function that comes after it. */
const bodies = [
  '(d) := d.P',
  '(d) := d.P if d.P != 1',
  '(d) := e.P if e := d',
  '(d) := [d.P, e.P] if d = e',
  '(d) := 1 if d.P == 1 else := d.P',
  '(d) := [x | some x in d.P]',
  '(d) := [e.P | e = d]',
  '(d) := next(d)',
  '(d) := 1 if next(d) == d.P else := next(d)',
];

/** What a rule does with the input, and with functions `f0`, `f1`, `f2` and `same`, which compares two documents. */
const rules = [
  ':= input.P',
  ':= input[input.P]',
  ':= f(input)',
  ':= f(input.P)',
  ':= [f(input), g(input.P)]',
  'if not f(input)',
  'if same(input, data.base)',
  'if same(input.P, data.base.P)',
  'if { d := input; e := data.base; same(d, e) }',
  'if input == data.base',
  'if { input.P == data.base.P; d = input; d.P }',
  ':= v if v := f(input) with f as g',
  ':= v if v := r0 with f as g',
  ':= v if v := r0 with data.gate.f as data.gate.g',
  ':= v if v := f(input) with input.P as input.P',
  ':= v if v := r0 with input as data.base',
  ':= v if v := r0 with data.base as input.P',
  ':= v if { d := input; v := f(d) }',
  ':= v if { d = e; e = input; v := d.P }',
  'if every x in [1] { d := input; d.P != x }',
  'contains x if some x in [input.P, f(input)]',
  ':= $"{input.P} {f(input)}"',
  ':= {x: f(input) | some x in [input.P]; is_string(x)}',
  ':= time.now_ns()',
];

function filled(forms: readonly string[], functions: readonly string[]) {
  return fc
    .tuple(
      fc.constantFrom(...forms),
      fc.infiniteStream(path),
      fc.shuffledSubarray([...functions], { minLength: functions.length }),
    )
    .map(([form, paths, [f = '', g = f]]) =>
      form
        .replace(/\.P/g, () => String(paths.next().value))
        .replace(/\bf\b/g, () => f)
        .replace(/\bg\b/g, () => g),
    );
}

const withoutNext = bodies.filter((body) => !body.includes('next'));

/** Its decision is all that its rules come to, and it always has one. */
export const policies = fc
  .tuple(
    filled(bodies, []),
    filled(bodies, []),
    filled(withoutNext, []),
    // The first rule is one that others ask again: it must not ask itself.
    filled([':= f(input)', ':= input.P', ':= f(input.P)', ':= $"{f(input)}"'], ['f0', 'f1', 'f2']),
    fc.array(filled(rules, ['f0', 'f1', 'f2']), { minLength: 1, maxLength: 3 }),
  )
  .map(([first, second, third, rule, more]) => {
    const all = [rule, ...more].map((text, at) => `r${at} ${text}`);
    return [
      'package gate',
      `decision := [${all.map((_, at) => `[v | v := r${at}]`).join(', ')}]`,
      'visible := true',
      'same(d, d) := 1',
      `f0${first.replaceAll('next', 'f1')}`,
      `f1${second.replaceAll('next', 'f2')}`,
      `f2${third}`,
      ...all,
    ].join('\n\n');
  });

const scalar = fc.constantFrom<unknown[]>(1, 2, 'a', 'b', true, null);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    scalar,
    fc.array(scalar, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { minKeys: 3 }),
  ),
}));

export const inputs = fc.record({
  a: value,
  b: value,
  c: value,
  d: value,
  e: value,
  context: fc.record({ time_ns: fc.nat(3) }),
});
