export type * from "./api.ts";
export { ChannelError, type ChannelErrorCode, channelErrorCodes } from "./errors.ts";
export { dial } from "./incoming.ts";
export { listen } from "./listener.ts";
export { RateLimit } from "./rate-limit.ts";
export { TokenBucket } from "./token-bucket.ts";
