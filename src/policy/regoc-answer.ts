import * as z from 'zod';
import { describe } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { parseJson } from '../core/parse-json.ts';
import { describeFault, PolicyError, type PolicyFault } from './policy-error.ts';

const fault = z
  .object({
    code: z.string(),
    message: z.string(),
    location: z.object({ file: z.string(), row: z.int(), col: z.int() }).optional(),
  })
  .transform(
    ({ code, message, location }): PolicyFault =>
      location === undefined || location.file === ''
        ? { code, message }
        : { code, message, ...location },
  );

const testResult = z
  .object({
    package: z.string(),
    name: z.string(),
    file: z.string(),
    row: z.int(),
    passed: z.boolean(),
    skipped: z.boolean(),
    error: z.string().optional(),
    duration_ms: z.number(),
  })
  .transform(({ duration_ms: durationMs, error, ...rest }) =>
    error === undefined ? { ...rest, durationMs } : { ...rest, durationMs, error },
  );

const coverage = z
  .object({
    percent: z.number(),
    files: z.record(
      z.string(),
      z.object({
        percent: z.number(),
        not_covered: z.array(z.object({ from: z.int(), to: z.int() })),
      }),
    ),
  })
  .transform(({ percent, files }) => ({
    percent,
    files: Object.fromEntries(
      Object.entries(files).map(([path, file]) => [
        path,
        { percent: file.percent, notCovered: file.not_covered },
      ]),
    ),
  }));

const answer = z.object({
  ok: z.boolean(),
  errors: z.array(fault).default([]),
  warnings: z.array(fault).default([]),
  wasm: z.base64().optional(),
  formatted: z.record(z.string(), z.string()).default({}),
  tests: z.array(testResult).default([]),
  coverage: coverage.default({ percent: 0, files: {} }),
  defined: z.boolean().default(false),
  value: z.custom<Json>().optional(),
  trace: z.string().optional(),
});

export type RegocAnswer = z.infer<typeof answer>;

/** Reads what the compiler wrote; a defect of its own is an error here, faults of the policy are not. */
export function parseAnswer(text: string): RegocAnswer {
  const parsed = parse(text);
  const defect = parsed.errors.find(({ code }) => code === 'gate_compiler_defect');
  if (defect !== undefined) {
    throw new PolicyError('policy_engine', `policy compiler failed: ${defect.message}`);
  }
  if (!parsed.ok && parsed.errors.length === 0) {
    throw new PolicyError('policy_engine', 'policy compiler failed without a reason');
  }
  return parsed;
}

/** The answer of an operation that only makes sense on a good policy. */
export function requireOk(parsed: RegocAnswer): RegocAnswer {
  const [first] = parsed.errors;
  if (parsed.ok || first === undefined) return parsed;
  const timedOut = parsed.errors.every(({ code }) => code === 'eval_cancel_error');
  const more = parsed.errors.length > 1 ? ` and ${parsed.errors.length - 1} more` : '';
  throw new PolicyError(
    timedOut ? 'policy_timeout' : 'policy_invalid',
    `${describeFault(first)}${more}`,
    { faults: parsed.errors },
  );
}

function parse(text: string): RegocAnswer {
  try {
    return answer.parse(parseJson(text));
  } catch (cause) {
    throw nonsense(cause);
  }
}

function nonsense(cause: unknown): PolicyError {
  return new PolicyError('policy_engine', `policy compiler answered nonsense: ${describe(cause)}`, {
    cause,
  });
}
