/** A client of the SDK, of either line and era, as the scenes use it. */
export interface Peer {
  tools(): Promise<readonly string[]>;
  /** The text of the first block of the result. */
  call(tool: string, args: object, options?: CallOptions): Promise<string>;
  /** The forms that it was asked to fill in so far; it accepts each with `{ response: "yes" }`. */
  asked(): readonly string[];
  /** How often it heard that the list of tools changed. */
  changes(): number;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly onProgress?: (progress: number) => void;
  readonly signal?: AbortSignal;
}

/** How a peer reaches what it talks to. */
export type Way =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'sse'; readonly url: string };

export const formAnswer = { action: 'accept', content: { response: 'yes' } } as const;
