import { defineConfig } from "vite";

// One minified file for browsers and Node, openapi-fetch included: nothing else is needed at run time.
export default defineConfig({
  build: {
    target: "es2022",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    sourcemap: true,
    rolldownOptions: { output: { minify: true } }, // for a library Vite leaves the blanks in
  },
});
