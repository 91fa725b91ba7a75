/** How one tool server is started and named; everything in it comes from the operator's config. */
export interface ServerSpec extends ServerCommand {
  /** `[A-Za-z0-9-]+`, unique. */
  readonly key: string;
  /** False: its tools and prompts keep their names. */
  readonly prefix: boolean;
  /** How long it may take to answer `initialize`. */
  readonly initTimeoutMs: number;
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Set beside the allow-listed part of the gate's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}
