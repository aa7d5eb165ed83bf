/** The part of WebAssembly that is used here; Node's types leave it to the DOM's, which have no business in this package. */
interface WebAssemblyApi {
  Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => CompiledModule;
  Instance: new (module: CompiledModule, imports: object) => { readonly exports: Record<string, ExportedFunction> };
}

export type CompiledModule = object;

export type ExportedFunction = (...parameters: number[]) => void;

export const webAssembly: WebAssemblyApi = webAssemblyOf(globalThis);

function webAssemblyOf(globals: object): WebAssemblyApi {
  if (!hasWebAssembly(globals)) throw new Error("this Node has no WebAssembly");
  return globals.WebAssembly;
}

function hasWebAssembly(globals: object): globals is { WebAssembly: WebAssemblyApi } {
  return "WebAssembly" in globals;
}
