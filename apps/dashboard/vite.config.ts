import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type HtmlTagDescriptor, type Plugin, type Rollup } from "vite";

const initialAtMostBytes = 200_000;
/** What the first script fetches at once: the frame and the overview. */
const page = "/src/page.tsx";

/** Has the browser fetch and read the page while the first script asks for what is to be shown in it. */
function fetchedEarly(): Plugin {
  return {
    name: "fetched-early",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle = {} }) =>
        initialScripts(bundle)
          .filter((name) => !html.includes(name))
          .map((name): HtmlTagDescriptor => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `/${name}` },
            injectTo: "head",
          })),
    },
  };
}

/** The page's own chunk and all that this one needs. */
function initialScripts(bundle: Rollup.OutputBundle): string[] {
  const found = new Set<string>();
  const add = (name: string): void => {
    const chunk = bundle[name];
    if (chunk?.type !== "chunk" || found.has(name)) return;
    found.add(name);
    for (const each of chunk.imports) add(each);
  };
  for (const [name, file] of Object.entries(bundle))
    if (file.type === "chunk" && file.facadeModuleId?.endsWith(page) === true) add(name);
  if (found.size === 0) throw new Error(`No chunk was made of ${page}`);
  return [...found];
}

/** Lays each file's packed forms beside it, and fails where what a first visit loads is larger than it may be. */
function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      const names = (await readdir(dir, { recursive: true })).filter((name) => /\.(html|js|css|svg)$/.test(name));
      const sizes = new Map(
        await Promise.all(names.map(async (name) => [name, await packBeside(join(dir, name))] as const)),
      );
      const initial = new Set(initialScripts(bundle));
      const isLater = (name: string) =>
        name.endsWith(".js") && !initial.has(name) && bundle[name]?.type === "chunk" && !bundle[name].isEntry;
      const total = names.filter((name) => !isLater(name)).reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      const said = `${(total / 1000).toFixed(1)} kB gzipped, of ${initialAtMostBytes / 1000} kB at most`;
      if (total > initialAtMostBytes) this.error(`The dashboard's initial bundle is too large: ${said}`);
      this.info(said);
    },
  };
}

/** @returns the size of the gzipped form; some browsers have no Brotli. */
async function packBeside(path: string): Promise<number> {
  const content = await readFile(path);
  const gzipped = await promisify(gzip)(content, { level: 9 });
  await writeFile(`${path}.gz`, gzipped);
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content));
  return gzipped.length;
}

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), tailwind(), fetchedEarly(), packed()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What a first visit loads is held to a limit of its own, above.
    chunkSizeWarningLimit: 2_000,
  },
});
