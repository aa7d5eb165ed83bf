/** JSON merge patch (RFC 7396) of one level: `null` removes a member, everything else replaces it whole. */
export function mergePatch(target: object, patch: object): object {
  const merged = Object.entries({ ...target, ...patch }).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(merged);
}
