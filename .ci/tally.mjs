/**
 * `tally.mjs REPORT EXIT_CODE [CHECK=EXIT_CODE …]` prints `N passed, N failed` over a vitest report, the exit code of
 * the run that wrote it and the checks beside it. Ends with 1 when anything failed, or when nothing ran.
 */
import { existsSync, readFileSync } from 'node:fs';

const [report, exitCode, ...checks] = process.argv.slice(2);
const counts = readReport(report);
// An unhandled error or a broken build fails the run without a failed test.
if (exitCode !== '0' && counts.failed === 0) counts.failed = 1;
for (const check of checks) {
  const [name, code] = check.split('=');
  if (code === '0') counts.passed += 1;
  else {
    counts.failed += 1;
    process.stderr.write(`ci: ${name} failed\n`);
  }
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;

function readReport(file) {
  if (!existsSync(file)) {
    process.stderr.write(`ci: there is no report "${file}"\n`);
    return { passed: 0, failed: 1 };
  }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  // A file that does not load has no tests in the report; it counts as one failure.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = numFailedTests + broken.length;
  return { passed: numPassedTests, failed: numPassedTests === 0 && failed === 0 ? 1 : failed };
}
