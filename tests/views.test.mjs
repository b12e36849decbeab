// The views beside the review in real Chromium, against what `npm start` serves: policy and audit log.
// Must not use the page's own state: what is asserted is what a person sees, and what the service then
// says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { browser, served } from "./browser.mjs";
import { until } from "./countersign.mjs";

const AXE = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);
/** A state is waited for, however busy the machine is. */
const SECONDS = 60;
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

let service;
let chrome;
let page;
const errors = [];

before(async () => {
  service = await served();
  chrome = await browser();
  page = await chrome.newPage({ viewport: SIZES.wide, locale: "en-GB" });
  page.setDefaultTimeout(SECONDS * 1000);
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.addInitScript(readFileSync(AXE, "utf8"));
  await page.goto(service.sign_in_url);
  await page.getByTestId("draft").waitFor();
});

after(async () => {
  await chrome?.close();
  await service?.stop();
});

const soon = (check) => until(check, { seconds: SECONDS });
const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
/** What the service says to whoever is signed in on the page. */
const asked = (path) => page.evaluate(async (path) => (await fetch(`/v1${path}`)).json(), path);

/** Nothing that axe-core finds, in both themes, on a desk and on a phone; nothing wider than the screen. */
async function accessible(name) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // Colours are judged once they have settled.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
      const found = await page.evaluate(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations);
      const told = found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
      assert.deepEqual(told, [], `${name}, ${size}, ${colorScheme}`);
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name}, ${size}: ${overflow} px too wide`);
  }
  await page.setViewportSize(SIZES.wide);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Opens a view by its key. */
async function opened(key, title) {
  await press(key);
  await page.getByRole("heading", { level: 2, name: title, exact: true }).waitFor();
}

test("the policy shows its guardrails as sentences beside their text", async () => {
  await opened("p", "Policy");
  await page.getByTestId("guardrails").getByText("more than US$100.00 moves").waitFor();
  assert.match(await page.getByTestId("policy-text").inputValue(), /"name": "large refunds"/);
  await accessible("policy");
});

test("a change is saved with its reason, compared, and taken back", async () => {
  const { version } = await asked("/policy");
  await page.getByTestId("guardrails").getByText("public replies").click();
  await page.getByTestId("guardrails").getByLabel("Because").fill("Everyone can read it, for ever.");
  await page.getByLabel("Why does it change?").fill("says why more clearly");
  await page.getByRole("button", { name: "Save as new version" }).click();
  await page.getByTestId("save").getByText(`Saved: version ${version + 1} is active.`).waitFor();
  const saved = await asked("/policy");
  assert.equal(saved.reason, "says why more clearly");
  assert.equal(saved.document.guardrails.find((one) => one.name === "public replies").because, "Everyone can read it, for ever.");

  await page.getByRole("button", { name: "History" }).click();
  const newest = page.getByTestId("versions").locator("> li").first();
  await newest.getByText("What it changed").click();
  await newest.getByTestId("version-diff").locator("ins").filter({ hasText: "for ever" }).waitFor();
  await accessible("policy, history");
  await page.getByRole("button", { name: `Put this version back… Version ${version}`, exact: true }).click();
  assert.equal(await page.getByLabel("Why does it change?").inputValue(), `back to version ${version}`);
  await page.getByRole("button", { name: "Save as new version" }).click();
  await page.getByTestId("save").getByText(`Saved: version ${version + 2} is active.`).waitFor();
  assert.equal((await asked("/policy")).document.guardrails.find((one) => one.name === "public replies").because, "Everyone can read it.");
});

test("the log is verified and an entry proved in the browser", async () => {
  await opened("l", "Audit log");
  await page.getByRole("button", { name: "Verify the log" }).click();
  await soon(async () => (await page.getByTestId("verification").getAttribute("data-sound")) === "true");
  const { size } = await asked("/audit/checkpoint");
  assert.match(await page.getByTestId("verification").innerText(), /each what its hash was made of, none missing/);
  assert.ok(size > 50);
  await page.getByLabel("Filter by id, person or fact").fill("policy changed");
  const first = page.getByTestId("audit").locator("> li").first();
  await first.locator("summary").click();
  await first.getByRole("button", { name: /Prove this entry/ }).click();
  await first.getByText("holds exactly this one").waitFor();
  await accessible("audit log");

  // A log that is not the one that was signed: an entry is lost on its way.
  await page.route("**/v1/audit/export", async (route) => {
    const answer = await route.fetch();
    const lines = (await answer.text()).split("\n");
    await route.fulfill({ response: answer, body: lines.toSpliced(3, 1).join("\n") });
  });
  await page.getByRole("button", { name: "Verify the log" }).click();
  await page.getByText("Entries 3 to 3 are missing.").waitFor();
  await page.unroute("**/v1/audit/export");
});

test("nothing on these pages went wrong unseen", () => assert.deepEqual(errors, []));
