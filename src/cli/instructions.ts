import type { Config } from '../config/config.ts';

/** What the client's model is told. No command that approves stands here. */
export function instructions({ mode }: Pick<Config, 'mode'>): string {
  const lines = [
    'Every call of these tools is decided by policy and recorded before it runs.',
    'A call that waits for approval has not run: ask your user, and repeat the identical call once it is approved.',
    'When calls are refused because no policy could be loaded, or because the operator stopped them, tell your user to look at the status of mcp-gate.',
  ];
  if (mode === 'observe') lines.push('At the moment policy only observes: nothing is refused.');
  return lines.join(' ');
}
