import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const initialAtMostBytes = 200_000;

/** Lays each file's gzipped form beside it, and fails where what a first visit loads is larger than it may be. */
function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    async writeBundle({ dir = "" }) {
      const names = (await readdir(dir, { recursive: true })).filter((name) => /\.(html|js|css|svg)$/.test(name));
      const sizes = await Promise.all(names.map((name) => gzipBeside(join(dir, name))));
      // Nothing is loaded later: every file is part of a first visit.
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const said = `${(total / 1000).toFixed(1)} kB gzipped, of ${initialAtMostBytes / 1000} kB at most`;
      if (total > initialAtMostBytes) this.error(`The dashboard's initial bundle is too large: ${said}`);
      this.info(said);
    },
  };
}

async function gzipBeside(path: string): Promise<number> {
  const packed = await promisify(gzip)(await readFile(path), { level: 9 });
  await writeFile(`${path}.gz`, packed);
  return packed.length;
}

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), tailwind(), gzipped()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What a first visit loads is held to a limit of its own, above.
    chunkSizeWarningLimit: 2_000,
  },
});
