import { isUtf8 } from 'node:buffer';
import { describe } from '../core/errors.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import { parseStrict } from '../core/strict-json.ts';
import type { PolicySources } from './compiler.ts';
import type { PolicyFiles } from './content.ts';
import { PolicyError } from './policy-error.ts';

export const dataFile = 'data.json';

/** Modules and data of a policy's files. Throws `policy_invalid`, naming the file. */
export function parsePolicyFiles(files: PolicyFiles): PolicySources {
  const modules = [...files].filter(([path]) => path.endsWith('.rego'));
  return {
    modules: Object.fromEntries(modules.map(([path, bytes]) => [path, textOf(path, bytes)])),
    data: parseData(files.get(dataFile)),
  };
}

function textOf(path: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw fileError(path, 'is not valid utf-8');
  return bytes.toString('utf8');
}

function parseData(bytes: Buffer | undefined): JsonObject {
  if (bytes === undefined) return {};
  const data = readJson(bytes);
  if (!isObject(data)) throw fileError(dataFile, 'expected a json object');
  return data;
}

function readJson(bytes: Buffer): unknown {
  try {
    return parseStrict(bytes);
  } catch (cause) {
    throw fileError(dataFile, describe(cause), cause);
  }
}

/** A file that cannot be part of a policy. */
export function fileError(file: string, what: string, cause?: unknown): PolicyError {
  const fault = { code: 'gate_policy_file', message: what, file };
  return new PolicyError('policy_invalid', `policy file "${file}" ${what}`, {
    faults: [fault],
    cause,
  });
}
