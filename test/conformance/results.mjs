/** Reads what the suite wrote, and compares two runs of it, check by check. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const severities = { INFO: -1, SUCCESS: 0, SKIPPED: 1, WARNING: 2, FAILURE: 3 };

/** Scenario → check (its id and name) → the worst status of that check, and why. */
export function readResults(folder) {
  const scenarios = new Map();
  for (const name of readdirSync(folder, { recursive: true })) {
    if (path.basename(name) !== 'checks.json') continue;
    const scenario = path
      .dirname(name)
      .replace(/^server-/, '')
      .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
    scenarios.set(scenario, foldChecks(JSON.parse(readFileSync(path.join(folder, name), 'utf8'))));
  }
  return scenarios;
}

function foldChecks(checks) {
  const folded = new Map();
  for (const { id: rule, name, status, errorMessage } of checks) {
    const id = `${rule} ${name}`;
    const before = folded.get(id);
    if (before !== undefined && severities[before.status] >= severities[status]) continue;
    folded.set(id, { status, why: errorMessage });
  }
  return folded;
}

export function passed(checks) {
  return [...checks.values()].filter(({ status }) => status === 'SUCCESS').length;
}

export function failed(checks) {
  return [...checks.values()].filter(({ status }) => severities[status] >= severities.WARNING)
    .length;
}

/** The checks that are worse in `there` than in `here`, and those that are missing there. */
export function worseChecks(here, there) {
  return [...here].flatMap(([id, { status }]) => {
    const other = there?.get(id);
    if (other === undefined) {
      return status === 'SUCCESS' ? [{ id, from: status, to: 'absent', why: undefined }] : [];
    }
    const isWorse = Math.max(0, severities[other.status]) > Math.max(0, severities[status]);
    return isWorse ? [{ id, from: status, to: other.status, why: other.why }] : [];
  });
}

/** The checks that failed there and that nobody did here: a scenario that fell over. */
export function newFailures(here, there) {
  return [...(there ?? [])].flatMap(([id, { status, why }]) =>
    here.has(id) || severities[status] < severities.FAILURE
      ? []
      : [{ id, from: 'absent', to: status, why }],
  );
}
