/** How a question came to have other arguments than the call that is waiting. */
export interface Edit {
  /** The approval that was changed, and what that was bound to; it asks nothing any more. */
  readonly of: string;
  readonly ofBinding: string;
  readonly by: string;
  readonly via: 'terminal' | 'credential';
  readonly atMs: number;
}
