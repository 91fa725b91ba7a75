#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { runProgram } from './cli/program.ts';

// With many calls in flight V8 finds that much of what belongs to one survives, and goes on to make such objects among the
// old ones: there they keep all that they point to alive until a full collection. None of them lives longer than its call.
setFlagsFromString('--no-allocation-site-pretenuring');

process.exitCode = await runProgram({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
