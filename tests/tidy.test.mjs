// The rules of the house that a machine can see. It must not judge taste.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const files = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n").filter(Boolean);
const read = (file) => readFileSync(`${ROOT}/${file}`, "utf8");
const code = files.filter((file) => /\.(rs|ts|svelte|mjs|js|css|sql)$/.test(file) && existsSync(`${ROOT}/${file}`));

/** Files whose length is data or generated. */
const LONG = new Set(["src/policy/edit/lexicon.rs", "web/src/wire.d.ts"]);

const none = (found, rule) => assert.deepEqual(found, [], rule);

test("every file of code says first what it is", () => {
  const header = /^(\/\/!|\/\/|\/\*|<!--|--)/;
  none(code.filter((file) => file !== "web/src/wire.d.ts" && !header.test(read(file))), "a first line that says what it is");
});

test("no file is longer than 500 lines", () => {
  const lengths = code.filter((file) => !LONG.has(file)).map((file) => [file, withoutTests(file).split("\n").length]);
  none(lengths.filter(([, length]) => length > 500), "split it by reason to exist");
});

/** Rust files hold their unit tests at the end; those don't count. */
function withoutTests(file) {
  return file.endsWith(".rs") ? read(file).split("\n#[cfg(test)]\nmod tests {")[0] : read(file);
}

test("nothing is left unfinished or switched off", () => {
  const unfinished = new RegExp(["TO" + "DO", "FIX" + "ME", "#\\[ignore", "\\b(test|it|describe)\\.(skip|only)\\("].join("|"));
  none(code.filter((file) => unfinished.test(read(file))), "finish it, or take it out");
});

test("what decides knows no platform, no clock and no waiting", () => {
  const foreign = /\basync\b|\.await\b|\bworker::|wasm_bindgen|js_sys|std::(fs|net::(Tcp|Udp)|thread|time)|SystemTime|Instant::now/;
  const policy = code.filter((file) => file.startsWith("src/policy/") && file.endsWith(".rs") && !file.includes("/tests/"));
  const found = policy.filter((file) => foreign.test(withoutTests(file).replace(/\/\/.*$/gm, "")));
  none(found, "values in, values out");
});

test("the page never writes text as markup", () => {
  none(code.filter((file) => file.startsWith("web/src") && /innerHTML|\{@html/.test(read(file))), "text is text");
});

test("SQL stands only in the service", () => {
  const sql = /\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b/;
  const found = code.filter((file) => !/^(src\/service|tests|bench)\//.test(file) && sql.test(read(file)));
  none(found, "SQL is the service's");
});

test("the page, which shows money before it has the policy's crate, counts minor units as the policy does", () => {
  const codes = (file, start) => {
    const text = read(file);
    const body = text.slice(text.indexOf(start), text.indexOf("\n\n", text.indexOf(start)));
    const lists = body.split(/=> 1\.0|\? 0/).slice(0, 2);
    return lists.map((list) => list.match(/\b[A-Z]{3}\b/g).filter((code) => code !== "ISO").sort());
  };
  const policy = codes("src/policy/catalogue.rs", "fn minor_per_major");
  assert.deepEqual(codes("web/src/format.ts", "export const moneyDigits"), policy);
  assert.deepEqual(policy.map((list) => list.length), [16, 7], "none, and three digits");
});

test("workspaces of their own lock what policy needs now", () => {
  const [, own] = read("src/policy/Cargo.toml").split("[dependencies]\n");
  const needed = own.split("\n\n")[0].split("\n").filter((line) => !line.includes("optional")).map((line) => line.split(/[. =]/)[0]);
  assert.ok(needed.length > 5);
  for (const lock of ["fuzz/Cargo.lock", "bench/peers/Cargo.lock"]) {
    const [, locked] = read(lock).split('name = "countersign-policy"');
    const [listed] = locked.split("]");
    none(needed.filter((name) => !listed.includes(`"${name}`)), `cargo metadata --manifest-path ${lock.replace(".lock", ".toml")}`);
  }
});

test("what writes the JavaScript beside our Wasm is of the version that we compile with", () => {
  const pinned = (path, name) => new RegExp(`^${name} = "=(.+)"$`, "m").exec(read(path))?.[1];
  assert.ok(pinned("Cargo.toml", "wasm-bindgen"));
  assert.equal(pinned("scripts/bindgen/Cargo.toml", "wasm-bindgen-cli-support"), pinned("Cargo.toml", "wasm-bindgen"));
});

test("every path that the architecture names exists", () => {
  const named = [...read("ARCHITECTURE.md").matchAll(/`((?:src|web|tests|bench|scripts)\/[\w./-]*)`/g)].map(([, path]) => path);
  assert.ok(named.length > 5);
  none(named.filter((path) => !existsSync(`${ROOT}/${path}`)), "rename it there, too");
});

test("no secret and no draft's text is written to a log", () => {
  const logged = /console_(log|error|warn|debug)!\([^;]*\b(body|draft\.|text|message)\b/;
  none(code.filter((file) => file.startsWith("src/service/") && logged.test(read(file))), "name ids and codes only");
});

/** The tests of a file by their names: Node's titles, and Rust's functions as sentences. */
function testsIn(file) {
  const text = read(file);
  if (file.endsWith(".rs")) return [...text.matchAll(/\bfn (\w+)\(/g)].map(([, name]) => name.replaceAll("_", " "));
  return [...text.matchAll(/^\s*test\((["'`])(.+?)\1,/gm)].map(([, , name]) => name);
}

test("every threat and every item of the security tables names tests that there are", () => {
  const rows = read("SECURITY.md").split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ---"));
  const cells = rows.map((line) => line.split(" | ").at(-1).replace(/ \|$/, "")).filter((cell) => !/^(the )?test/.test(cell));
  assert.ok(cells.length > 30);
  const missing = cells.flatMap((cell) => {
    let file;
    return cell.split("; ").flatMap((part) => {
      const [, named, words] = /^(?:`([\w./-]+)`(?:: |$))?(.*)$/.exec(part);
      file = named ?? file;
      if (!file || !existsSync(`${ROOT}/${file}`)) return [part];
      return words && !testsIn(file).some((name) => name.includes(words)) ? [part] : [];
    });
  });
  none(missing, "name a file, and words of the names of its tests");
});
