import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends the tool servers' process groups when the gate itself is killed and cannot. `hold` before anything may be lost,
 * `free` once a group is gone; `close` lets go of the guardian after the last one.
 */
export interface Leash {
  hold(group: number): void;
  free(group: number): void;
  close(): void;
}

// Reads `hold ID` and `free ID` lines until the pipe ends, which is when the gate has ended, however that came about.
const guardian = `
held=
while read -r op id; do
  rest=
  for each in $held; do [ "$each" = "$id" ] || rest="$rest $each"; done
  held=$rest
  [ "$op" = hold ] && held="$held $id"
done
[ -n "$held" ] || exit 0
for each in $held; do kill -s TERM -- "-$each"; done
sleep "$1"
for each in $held; do kill -s KILL -- "-$each"; done
`;

/** On POSIX one small shell in a session of its own watches over all groups; on Windows nothing does. */
export function createLeash(graceSeconds = 2): Leash {
  if (process.platform === 'win32') return { hold() {}, free() {}, close() {} };
  return new GuardedLeash(graceSeconds);
}

class GuardedLeash implements Leash {
  readonly #graceSeconds: number;
  readonly #held = new Set<number>();
  #guardian: ChildProcess | undefined;

  constructor(graceSeconds: number) {
    this.#graceSeconds = graceSeconds;
  }

  hold(group: number): void {
    this.#held.add(group);
    const isNew = this.#guardian === undefined;
    this.#guardian ??= this.#start();
    const groups = isNew ? [...this.#held] : [group];
    this.#tell(groups.map((each) => `hold ${each}\n`).join(''));
  }

  free(group: number): void {
    if (this.#held.delete(group)) this.#tell(`free ${group}\n`);
  }

  close(): void {
    this.#guardian?.stdin?.end();
    this.#guardian = undefined;
  }

  #start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', guardian, 'mcp-gate-leash', String(this.#graceSeconds)], {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const forget = (): void => {
      if (this.#guardian === child) this.#guardian = undefined;
    };
    // A guardian that is gone is started again with the next group; until then the gate still ends its servers itself.
    child.on('error', forget);
    child.on('exit', forget);
    child.stdin?.on('error', forget);
    child.unref();
    if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') {
      child.stdin.unref();
    }
    return child;
  }

  #tell(lines: string): void {
    this.#guardian?.stdin?.write(lines);
  }
}
