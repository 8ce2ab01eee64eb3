import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// Where `npm run dev` finds the API; what is built talks to the host it came from.
const api = process.env.SHOP_API ?? "http://localhost:8000";

/** Writes each text file a second and third time, as `.br` and `.gz`: the web server picks what a browser takes. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const file = join(folder, name);
        const content = readFileSync(file);
        writeFileSync(`${file}.br`, brotliCompressSync(content));
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  resolve: {
    alias: {
      "@markrin/client": fileURLToPath(new URL("../client/src/index.ts", import.meta.url)),
      // The pages are written for React and run on Preact, which does the same in a third of the bytes: a first visit
      // stays far below its budget (tests/browser/test_budget.py), and a slow phone starts it in half the time.
      "react/jsx-runtime": "preact/jsx-runtime",
      "react/jsx-dev-runtime": "preact/jsx-runtime",
      "react-dom/client": "preact/compat/client",
      "react-dom": "preact/compat",
      react: "preact/compat",
    },
  },
  // The manifest tells the server which files each page needs.
  build: { target: "es2022", assetsInlineLimit: 0, manifest: true },
  server: { proxy: { "/api": api, "/media": api, "/test-gateway": api } },
});
