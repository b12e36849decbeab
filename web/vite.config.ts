// How Vite builds the page into web/dist. Must not inline anything: the page runs under a policy
// that allows neither inline scripts nor inline styles.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  plugins: [svelte({ compilerOptions: { runes: true } })],
  worker: { format: "es" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    // What the first view needs is one file: it compresses better than the pieces that views share.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] } },
      // How long Svelte takes on a slow machine is no warning.
      checks: { bundlerTimings: false },
    },
  },
});
