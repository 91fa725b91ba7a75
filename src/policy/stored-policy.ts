import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { GateError } from '../core/errors.ts';
import { parseJson } from '../core/parse-json.ts';
import type { BundleRow } from '../store/contract.ts';
import { openInline } from './active-policy.ts';
import type { PolicyContent } from './content.ts';
import type { ActivePolicy, PolicyVersion } from './contract.ts';
import { maxUnpackedBytes } from './limits.ts';
import { compileModule } from './policy-module.ts';

const engineVersion = z.object({
  gate: z.string(),
  regoc: z.string().nullable(),
  opa_wasm: z.string(),
  memory_pages: z.number().int().positive(),
});

const storedSources = z.object({
  modules: z.record(z.string(), z.string()),
  data: z.record(z.string(), z.json()),
});

/** What the store keeps of a policy that is in force, so that its decisions can be made again. */
export function toBundleRow(
  { sources }: PolicyContent,
  wasm: Uint8Array,
  version: PolicyVersion,
  nowMs: number,
): BundleRow {
  return {
    digest: version.digest,
    revision: version.revision ?? undefined,
    engine: { ...version.engine },
    sources: gzipSync(JSON.stringify(sources)),
    wasm: gzipSync(wasm, { level: 6 }),
    createdMs: nowMs,
  };
}

/** A policy that was in force once, evaluated in this thread under the memory limit of that time and the step limit of now. */
export async function loadStoredPolicy(row: BundleRow): Promise<ActivePolicy> {
  const { engine, data, wasm } = unpack(row);
  const version = { id: 'stored', revision: row.revision ?? null, digest: row.digest, engine };
  const module = await compileModule(wasm);
  return openInline({ version, module, dataText: JSON.stringify(data) });
}

function unpack(row: BundleRow) {
  try {
    const sources = parseJson(gunzipSync(row.sources, limit).toString('utf8'));
    return {
      engine: engineVersion.parse(row.engine),
      data: storedSources.parse(sources).data,
      wasm: gunzipSync(row.wasm, limit),
    };
  } catch (cause) {
    throw unreadable(row.digest, cause);
  }
}

function unreadable(digest: string, cause: unknown): GateError {
  return new GateError('policy_invalid', `stored policy "${digest}" cannot be read`, { cause });
}

const limit = { maxOutputLength: maxUnpackedBytes };
