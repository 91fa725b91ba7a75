/**
 * The official conformance suite against our fixture, directly and through the gate: `npm run test:conformance`.
 *
 *   --target NAME     only this way through the gate; may be given again
 *   --scenario NAME   only this scenario
 *   --side server|client|auth   only one part; all without it
 *   --gate FILE       the gate's entry point; dist/main.js without it
 *   --cache FOLDER    where the suite and a newer Node are installed; a folder of the system's temporary one without it
 *   --out FOLDER      keeps the suite's own results there
 *
 * Exit 1 when a scenario is worse through the gate than directly, or a client scenario fails.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runAuthorizations, runClientSide } from './client-side.mjs';
import { installSuite } from './install.mjs';
import { openScratch } from './scratch.mjs';
import { runServerSide } from './server-side.mjs';
import { say } from './table.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    scenario: { type: 'string' },
    side: { type: 'string' },
    gate: { type: 'string', default: path.join(root, 'dist', 'main.js') },
    cache: { type: 'string' },
    out: { type: 'string' },
  },
});

const sides = { server: runServerSide, client: runClientSide, auth: runAuthorizations };

const scratch = openScratch(values.out);
try {
  const tools = await installSuite(values.cache);
  const options = { ...values, gate: path.resolve(values.gate), tools, scratch };
  let worse = 0;
  for (const [side, run] of Object.entries(sides)) {
    if (values.side === undefined || values.side === side) worse += await run(options);
  }
  say(
    worse === 0 ? 'conformance: nothing is worse through the gate' : `conformance: ${worse} worse`,
  );
  process.exitCode = worse === 0 ? 0 : 1;
} finally {
  await scratch.close();
}
