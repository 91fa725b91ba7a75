/** The server suites: first against the fixture, then against each gate, compared scenario by scenario. */
import path from 'node:path';
import { excused } from './excused.mjs';
import { finish, stop } from './processes.mjs';
import { failed, newFailures, passed, readResults, worseChecks } from './results.mjs';
import { say, table } from './table.mjs';
import { gateTargets, startFixture, startGate } from './targets.mjs';

const suites = [
  { name: '0.1.16 active', suite: 'suite-0.1', args: [] },
  { name: '0.2 2025-11-25', suite: 'suite-0.2', args: ['--requirements', '2025-11-25'] },
  { name: '0.2 2026-07-28', suite: 'suite-0.2', args: ['--requirements', '2026-07-28'] },
];

/** The number of scenarios that are worse through a gate. */
export async function runServerSide(options) {
  const fixture = await startFixture();
  const direct = await runSuites(options, 'direct', async () => ({ url: fixture.url, end() {} }));
  say(summary('direct', direct));
  let worse = brokenFixture(direct);
  for (const [name, entry] of Object.entries(gateTargets)) {
    if (options.target !== undefined && !options.target.includes(name)) continue;
    const gated = await runSuites(options, name, async () => {
      const { started, url } = await startGate(options, { fixture: entry(fixture.url) });
      return { url, end: () => stop(started) };
    });
    say(summary(name, gated));
    worse += compare(name, direct, gated);
  }
  await stop(fixture.started);
  return worse;
}

/** Each suite gets a target of its own: the suite leaves many sessions behind. */
async function runSuites({ tools, scratch, scenario }, target, open) {
  const runs = new Map();
  for (const { name, suite, args } of suites) {
    const folder = path.join(scratch.results, `${target} ${name}`.replaceAll(/[^\w.]+/g, '-'));
    const chosen = scenario === undefined ? args : ['--scenario', scenario];
    const { url, end } = await open();
    const words = ['server', '--url', url, ...chosen, '-o', folder];
    const done = await finish(tools.node, [tools.suites[suite], ...words]);
    await end();
    runs.set(name, { ...done, scenarios: read(folder), unscored: unscoredIn(done.stdout) });
  }
  return runs;
}

function read(folder) {
  try {
    return readResults(folder);
  } catch {
    // The suite does not have this scenario.
    return new Map();
  }
}

/** The scenarios that the suite itself runs without counting them. */
function unscoredIn(stdout) {
  const listed = stdout.split('\nNot scored for ')[1] ?? '';
  return new Set([...listed.matchAll(/^\s+[✓✗] (\S+) \(/gm)].map((match) => match[1]));
}

function summary(target, runs) {
  const counts = [...runs].map(([name, { scenarios }]) => {
    const all = [...scenarios.values()];
    const sum = (count) => all.reduce((total, checks) => total + count(checks), 0);
    return `${name}: ${sum(passed)} checks passed, ${sum(failed)} not`;
  });
  return `${target}: ${counts.join(' · ')}`;
}

/** What the suite scores must pass without a gate, or the comparison says nothing. */
function brokenFixture(runs) {
  let broken = 0;
  for (const [name, { scenarios, unscored }] of runs) {
    for (const [scenario, checks] of scenarios) {
      if (unscored.has(scenario) || failed(checks) === 0) continue;
      say(`  the fixture itself fails "${scenario}" of ${name}`);
      broken += 1;
    }
  }
  return broken;
}

function compare(target, direct, gated) {
  const rows = [];
  for (const [suite, { scenarios }] of direct) {
    const there = gated.get(suite);
    for (const [scenario, checks] of scenarios) {
      const other = there.scenarios.get(scenario);
      for (const found of [...worseChecks(checks, other), ...newFailures(checks, other)]) {
        const excuse = excused(target, scenario, found.id);
        rows.push({
          suite,
          scenario,
          ...found,
          why: excuse ?? found.why,
          isExcused: excuse !== undefined,
        });
      }
    }
  }
  table(rows);
  return new Set(
    rows.filter(({ isExcused }) => !isExcused).map(({ suite, scenario }) => suite + scenario),
  ).size;
}
