/** What a tool server gets of the gate's own environment: nothing in it is a credential of the gate. */
const posixNames = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'LANG', 'TMPDIR', 'TZ'];

const windowsNames = [
  'APPDATA',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'TZ',
  'USERNAME',
  'USERPROFILE',
];

export interface EnvironmentSource {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/** The environment of a tool server: the allow-listed part of the gate's own, under what is configured for it. */
export function serverEnvironment(
  configured: Readonly<Record<string, string>>,
  source: EnvironmentSource = { variables: process.env, platform: process.platform },
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(source.variables)) {
    // A value that begins with `()` is a function that some shells would define and run.
    if (value === undefined || value.startsWith('()')) continue;
    if (isInherited(name, source.platform)) environment[name] = value;
  }
  return { ...environment, ...configured };
}

function isInherited(name: string, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return windowsNames.includes(name.toUpperCase());
  return posixNames.includes(name) || name.startsWith('LC_');
}
