/** Sessions of every kind that call tools at a steady rate, are closed after a while and opened anew. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What is called of the conformance fixture, out of a hundred. `tool` puts the server's prefix before a name. */
export const conformanceMix = [
  { share: 60, run: (session, tool) => call(session, tool('test_echo'), { text: 'steady' }) },
  { share: 10, run: (session, tool) => call(session, tool('test_large'), { bytes: 20_000 }) },
  { share: 5, run: (session, tool) => call(session, tool('test_tool_with_progress'), {}) },
  { share: 5, run: (session, tool) => call(session, tool('test_elicitation'), { message: 'm' }) },
  { share: 5, run: cancelled },
  { share: 5, run: (session, tool) => call(session, tool('test_error_handling'), {}) },
  { share: 10, run: (session) => session.request('tools/list', {}) },
];

/** `open` opens the session of this number; `mix` says what is called, out of a hundred. */
export function startLoad({ open, mix, rate, sessions, callsPerSession, prefixes }) {
  const failures = new Map();
  const state = { isPaused: false, isOver: false, inFlight: 0, opened: 0 };
  let taken = fresh();
  const workers = Array.from({ length: sessions }, (_, index) => work(index));
  return {
    failures,
    /** How many sessions were opened so far. */
    opened: () => state.opened,
    /** What came since the last time. */
    take: () => {
      const before = taken;
      taken = fresh();
      return before;
    },
    pause: async () => {
      state.isPaused = true;
      while (state.inFlight > 0) await sleep(50);
    },
    resume: () => {
      state.isPaused = false;
    },
    stop: async () => {
      state.isOver = true;
      await Promise.all(workers);
    },
  };

  async function work(index) {
    await sleep((index * 1000) / rate);
    while (!state.isOver) await tried(() => live(index));
  }

  async function live(index) {
    const session = await open(index);
    state.opened += 1;
    try {
      for (let count = 0; count < callsPerSession && !state.isOver; count += 1) {
        await pace();
        if (!state.isOver) await once(session, index + count);
      }
    } finally {
      await session.close();
    }
  }

  /** Each session calls in turn, so that all of them together keep the rate. */
  async function pace() {
    const gap = (sessions * 1000) / rate;
    await sleep(gap * (0.5 + Math.random()));
    while (state.isPaused && !state.isOver) await sleep(50);
  }

  async function once(session, count) {
    state.inFlight += 1;
    const start = performance.now();
    const prefix = prefixes[count % prefixes.length];
    await tried(() => pick(mix).run(session, (name) => `${prefix}${name}`));
    taken.latencies.push(performance.now() - start);
    taken.calls += 1;
    state.inFlight -= 1;
  }

  async function tried(run) {
    try {
      await run();
    } catch (error) {
      taken.errors += 1;
      const what = `${error.message}`.slice(0, 200);
      failures.set(what, (failures.get(what) ?? 0) + 1);
      await sleep(100);
    }
  }
}

function fresh() {
  return { calls: 0, errors: 0, latencies: [] };
}

function pick(mix) {
  let rest = Math.random() * 100;
  return mix.find(({ share }) => {
    rest -= share;
    return rest < 0;
  });
}

async function call(session, name, args) {
  const result = await session.request('tools/call', { name, arguments: args });
  if (!Array.isArray(result.content)) throw new Error(`"${name}" gave no content`);
  if (result._meta?.['dev.mcp-gate/decision']?.outcome === 'deny')
    throw new Error(`"${name}" was denied`);
}

async function cancelled(session, tool) {
  const signal = AbortSignal.timeout(50);
  const params = { name: tool('test_slow'), arguments: { ms: 60_000 } };
  const ended = await session.request('tools/call', params, signal).then(
    () => 'answered',
    (error) => (signal.aborted ? 'cancelled' : `${error.message}`),
  );
  if (ended !== 'cancelled') throw new Error(`a cancelled call: ${ended}`);
}
