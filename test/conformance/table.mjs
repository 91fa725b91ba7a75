/** What a person reads. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** One line for each scenario that differs: the first check, and how many more. */
export function table(rows) {
  const scenarios = new Map();
  for (const row of rows) {
    const key = `${row.suite} · ${row.scenario}`;
    scenarios.set(key, [...(scenarios.get(key) ?? []), row]);
  }
  for (const [key, [first, ...others]] of scenarios) {
    const mark = first.isExcused ? '~' : '✗';
    const why = first.why === undefined ? '' : ` (${first.why.slice(0, 300)})`;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    say(`  ${mark} ${key} · ${first.id}: ${first.from} → ${first.to}${why}${more}`);
  }
}
