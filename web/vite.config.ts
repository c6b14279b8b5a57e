import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The server that the development page talks to. It refuses changes that other origins ask for, so requests are given its own. */
const server = process.env.VOLANO_URL ?? "http://127.0.0.1:5000";
const proxy = { target: server, changeOrigin: true, headers: { origin: new URL(server).origin } };

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    target: "es2023",
    modulePreload: { polyfill: false },
    // The page's content security policy refuses data: fonts and scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": proxy, "/serve": proxy, "/v2": proxy } },
  test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"] },
});
