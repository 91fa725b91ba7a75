type Value = string | number | boolean;

/** The demo tells nothing that it has not checked. Throws what came otherwise, with what was expected and found. */
export function expect(what: string, found: Value, expected: Value | RegExp): void {
  const fits = expected instanceof RegExp ? expected.test(String(found)) : found === expected;
  if (!fits) throw mismatch(what, shown(expected), shown(found));
}

export function mismatch(what: string, expected: string, found: string): Error {
  return new Error(`${what}: expected ${expected}, found ${found}`);
}

function shown(value: Value | RegExp): string {
  return value instanceof RegExp ? String(value) : JSON.stringify(value);
}
