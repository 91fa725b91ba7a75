import { type Logger, pino } from 'pino';

/**
 * The log, on standard error: over stdio, standard output is the protocol. It never gets arguments, results, headers or
 * environment values; the list of names below is a second net only.
 */
export function openLog(level = process.env['MCP_GATE_LOG'] ?? 'warn'): Logger {
  return pino(
    {
      level,
      base: { name: 'mcp-gate', pid: process.pid },
      redact: { paths: ['*.env', '*.headers', '*.authorization', '*.password', '*.token'] },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
