/** What went wrong on one side of a handover. */
export interface Failure {
  code: string;
  detail: string;
  /** The other side has said so of itself. */
  ofPeer?: true | undefined;
}
