/** 2^20 bytes. */
export const MiB = 2 ** 20;
/** 2^30 bytes. */
export const GiB = 2 ** 30;
