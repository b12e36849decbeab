// A Countersign in a process of its own, so that a test can kill it. Says where it listens and under
// which group it can be killed; must not know what is tested.
import { start } from "./countersign.mjs";

const service = await start({
  directory: process.argv[2],
  dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] },
});
const url = await service.miniflare.unsafeGetDirectURL("countersign");
process.send({ url: url.href });
// Without its parent it has nobody to live for.
process.on("disconnect", () => process.exit(0));
