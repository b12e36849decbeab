// Makes the secrets that a local Worker needs, in the ignored file .dev.vars. Never changes one that
// is there (that would invalidate every key and session), never prints one.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { at } from "./run.mjs";

/** The secrets that wrangler.toml requires, each 64 hex digits. */
export const SECRETS = ["KEY_MAC_SECRET", "OPERATOR_SECRET", "SEALING_SECRET", "AUDIT_SIGNING_KEY"];

/** A fresh secret. */
export const freshSecret = () => randomBytes(32).toString("hex");

/** Reads .dev.vars, after adding what is missing. */
export function localSecrets() {
  const file = at(".dev.vars");
  let text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const missing = SECRETS.filter((name) => !valueOf(text, name));
  if (missing.length > 0) {
    text += missing.map((name) => `${name}=${freshSecret()}\n`).join("");
    writeFileSync(file, text, { mode: 0o600 });
  }
  return Object.fromEntries(SECRETS.map((name) => [name, valueOf(text, name)]));
}

/** The last line that gives a name a value, quotes aside. */
function valueOf(text, name) {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}=`));
  return lines.map((line) => line.slice(name.length + 1).trim().replace(/^(["'])(.*)\1$/, "$2")).pop();
}
