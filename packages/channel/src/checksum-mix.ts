/**
 * Mixes the sums (of both lanes each, low halves first) and the length into 64 bits: two runs with different odd
 * multipliers, each step of which is a bijection of what was there before.
 */
export function mix(sums: Uint32Array, length: number): [number, number] {
  let low = length;
  let high = ~length;
  for (const sum of sums) {
    low = Math.imul(low ^ sum, 0x9e37_79b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ sum, 0x85eb_ca77);
    high ^= high >>> 13;
  }
  low = Math.imul(low ^ (high >>> 16), 0xc2b2_ae3d);
  high = Math.imul(high ^ (low >>> 15), 0x27d4_eb2f);
  return [(low ^ (low >>> 16)) >>> 0, (high ^ (high >>> 15)) >>> 0];
}
