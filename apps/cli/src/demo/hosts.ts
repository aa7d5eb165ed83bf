export const demoHosts = [
  { name: "alpha", serviceAddress: "127.0.0.1" },
  { name: "beta", serviceAddress: "127.0.0.2" },
] as const;

/** The link of the demo's hosts: slow enough that what a guest writes matters. */
export const demoLinkBytesPerSec = 30_000_000;
