import { setMaxListeners } from 'node:events';
import { describe } from '../core/errors.ts';
import { allow } from './demo/acts/allow.ts';
import { askAndApprove } from './demo/acts/approve.ts';
import { changeRule } from './demo/acts/change-rule.ts';
import { announce, meet, takeLeave } from './demo/acts/frame.ts';
import { lookBack } from './demo/acts/look-back.ts';
import { askAndDeny } from './demo/acts/refuse.ts';
import { switchMode } from './demo/acts/switch-mode.ts';
import { type Agent, connectAgent } from './demo/agent.ts';
import { ownEnvironment, runCommand, type Surroundings } from './demo/command.ts';
import { createGateView } from './demo/gate-view.ts';
import { type Parts, showCommand } from './demo/perform.ts';
import { makeScratch } from './demo/scratch.ts';
import { createStage } from './demo/stage.ts';
import { type Io, painter, tell } from './io.ts';

/** A guided run that checks itself: a real client, a real gate and real servers, in a folder that is gone afterwards. */
export async function demo(io: Io): Promise<number> {
  const stop = new AbortController();
  // Every call and every command listens to it.
  setMaxListeners(0, stop.signal);
  const release = onInterrupt(() => stop.abort());
  const scratch = makeScratch();
  const stage = createStage((text) => io.stdout.write(text), painter(io, io.stdout), scratch.dir);
  const around = { cwd: scratch.dir, env: ownEnvironment(io.env), signal: stop.signal };
  let agent: Agent | undefined;
  let log = '';
  try {
    announce(stage, scratch);
    agent = await connectAgent(around, (text) => {
      log = `${log}${text}`.slice(-logLimit);
    });
    await play({ stage, agent, gate: createGateView(around), scratch });
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return interruptedCode;
    tell(io, `error: ${describe(error)}`);
    if (agent !== undefined) tell(io, await lastWords(around).catch(describe));
    if (log !== '') tell(io, `the gate's log:\n${log.trimEnd()}`);
    return 1;
  } finally {
    await agent?.close();
    scratch.remove();
    release();
  }
}

const logLimit = 4000;

/** What shells make of an end by control-C. */
const interruptedCode = 130;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// Taken until everything is cleaned up, so that an impatient second control-C leaves nothing behind either.
function onInterrupt(listener: () => void): () => void {
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

/** What the gate says of itself, for whoever has to find out what came otherwise. */
async function lastWords(around: Surroundings): Promise<string> {
  const { stdout, stderr } = await runCommand(around, ['status']);
  return `$ mcp-gate status\n${stdout}${stderr}`.trimEnd();
}

async function play(parts: Parts): Promise<void> {
  await meet(parts);
  await switchMode(parts);
  await allow(parts);
  const { credential, traceId } = await askAndApprove(parts);
  const script = await askAndDeny(parts, credential);
  await lookBack(parts, traceId);
  await changeRule(parts, script);
  parts.stage.title('9. Status: what runs, by which policy, and what is recorded');
  await showCommand(parts, ['status']);
  takeLeave(parts.stage);
}
