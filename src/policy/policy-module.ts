import { GateError } from '../core/errors.ts';
import { metered } from './meter.ts';

/** The one way from the bytes of a policy to what runs. Rejects with `policy_invalid`. */
export async function compileModule(wasm: Uint8Array): Promise<WebAssembly.Module> {
  const bytes = metered(wasm);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw tooLarge(cause);
  }
}

/** A module that was valid grew beyond a limit of the engine. */
function tooLarge(cause: unknown): GateError {
  return new GateError('policy_invalid', 'policy module is too large to be metered', { cause });
}
