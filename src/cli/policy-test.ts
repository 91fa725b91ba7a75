import type { TestReport, TestResult } from '../policy/compiler.ts';
import { readPolicyFolder } from '../policy/source-files.ts';
import { type Io, type Paint, painter, print, printJson } from './io.ts';
import type { ReadingOptions } from './options.ts';
import { findPolicyFolder, withCompiler } from './policy-folder.ts';

export async function testPolicy(
  io: Io,
  dir: string | undefined,
  options: ReadingOptions & { readonly coverage?: boolean },
): Promise<number> {
  const { sources } = await readPolicyFolder(await findPolicyFolder(io, dir, options));
  const report = await withCompiler((compiler) => compiler.test(sources));
  const failed = report.tests.filter((test) => !test.passed && !test.skipped);
  if (options.format === 'json') printJson(io, reportJson(report, failed.length));
  else {
    const paint = painter(io, io.stdout);
    const uncovered = options.coverage === true ? uncoveredLines(report) : [];
    print(io, [...failed.flatMap((test) => failureLines(test, paint)), ...uncovered]);
    print(io, [summary(report, failed.length, paint)]);
  }
  return failed.length === 0 ? 0 : 1;
}

function reportJson({ tests, coverage }: TestReport, failed: number) {
  return {
    ok: failed === 0,
    tests: tests.map(({ durationMs, error, ...test }) => ({
      ...test,
      error: error ?? null,
      duration_ms: durationMs,
    })),
    coverage: {
      percent: coverage.percent,
      files: Object.fromEntries(
        Object.entries(coverage.files).map(([file, { percent, notCovered }]) => [
          file,
          { percent, not_covered: notCovered },
        ]),
      ),
    },
  };
}

function failureLines({ file, row, name, error }: TestResult, paint: Paint): string[] {
  const head = `${paint('red', 'failed')}  ${file}:${row}  ${name}`;
  return [head, ...(error === undefined ? [] : error.split('\n').map((line) => `  ${line}`))];
}

function uncoveredLines({ coverage }: TestReport): string[] {
  return Object.entries(coverage.files).flatMap(([file, { notCovered }]) =>
    notCovered.map(({ from, to }) => `not reached  ${file}:${from}${to === from ? '' : `-${to}`}`),
  );
}

function summary({ tests, coverage }: TestReport, failed: number, paint: Paint): string {
  const skipped = tests.filter((test) => test.skipped).length;
  const parts = [
    paint(failed === 0 ? 'green' : 'red', `${tests.length - failed - skipped} passed`),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    `${coverage.percent.toFixed(1)} % of the lines reached`,
  ];
  return parts.join(', ');
}
