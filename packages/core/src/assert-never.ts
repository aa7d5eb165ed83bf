/** Marks what the compiler has shown to be impossible; reached only when data from outside has got past its schema. */
export function assertNever(value: never): never {
  throw new Error(`Not a known case: ${JSON.stringify(value)}`);
}
