import * as z from 'zod';
import { parseJson } from '../core/parse-json.ts';

/**
 * The parts of an input that a policy can see, as paths of member names: everything below one counts, and the empty path is
 * the whole. Inputs that are equal in all of them are decided alike.
 */
export type Reads = readonly (readonly string[])[];

/** The name of the section in which the compiler says so. */
const sectionName = 'gate.reads';

const reads = z.array(z.array(z.string()));

/** Undefined for a module that does not say, such as one that another compiler has made. */
export function readsOf(module: WebAssembly.Module): Reads | undefined {
  const [section, ...more] = WebAssembly.Module.customSections(module, sectionName);
  if (section === undefined || more.length > 0) return undefined;
  try {
    return reads.parse(parseJson(Buffer.from(section).toString('utf8')));
  } catch {
    return undefined;
  }
}
