// `npm run soak [-- ROUNDS]`: two hundred lives of workerd that end with SIGKILL under load, and what
// must be there afterwards. Must not know what is checked: tests/crash.mjs does.
import { build } from "./build.mjs";
import { main, say } from "./run.mjs";

await main(async () => {
  await build("worker", "development");
  const { crash } = await import("../tests/crash.mjs");
  const { drafts, verdicts } = await crash(Number(process.argv[2] ?? 200), say);
  say(`all there exactly once: ${drafts} drafts, ${verdicts} verdicts`);
});
