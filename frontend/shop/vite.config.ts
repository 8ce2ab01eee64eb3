import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Where `npm run dev` finds the API; what is built talks to the host it came from.
const api = process.env.SHOP_API ?? "http://localhost:8000";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@markrin/client": new URL("../client/src/index.ts", import.meta.url).pathname } },
  build: { target: "es2022", assetsDir: "assets", assetsInlineLimit: 0, sourcemap: false },
  server: { proxy: { "/api": api, "/media": api } },
});
