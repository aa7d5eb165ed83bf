const mostCharacters = 500;
/** What a token and a webhook's secret look like, also without their last part. */
const secrets = /gdw_[0-9A-Za-z]{8}_[0-9A-Za-z]+(?:_[0-9A-Za-z]+)?|whsec_[0-9A-Za-z+/=]+/g;

/** Words from outside as they may be kept: of a bounded length, and without secrets that somebody has put in the wrong place. */
export function recordable(text: string): string {
  return text.replaceAll(secrets, "(a secret)").slice(0, mostCharacters);
}

/** What an answer says, where it is JSON. */
export function jsonIn(payload: unknown): unknown {
  try {
    return typeof payload === "string" ? JSON.parse(payload) : undefined;
  } catch {
    return undefined;
  }
}
