// What the page weighs, whatever the machine: bytes before the first view, and nodes however long the
// queue is. Must not measure time: `npm run bench -- page` does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstView } from "../scripts/size.mjs";
import { shared } from "./browser.mjs";
import { crowd } from "./crowd.mjs";
import { person, soon } from "./person.mjs";

const FIRST_VIEW_BYTES_MAX = 120_000;
const DRAFTS = 10_000;
/** A screen of rows, the draft beside it, the frame of the page: the same for ten drafts. */
const NODES_MAX = 1_500;

const { service, chrome } = await shared();

test("the first view is small", (context) => {
  const bytes = firstView();
  context.diagnostic(`${bytes} bytes gzipped`);
  assert.ok(bytes <= FIRST_VIEW_BYTES_MAX, `${bytes} bytes`);
});

test("ten thousand drafts are one list of which a screen is drawn", async (context) => {
  const lead = await person(chrome, service);
  await crowd(lead.page, DRAFTS);
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
  const setSize = async () => Number(await lead.rows().first().getAttribute("aria-setsize"));
  await soon(async () => (await setSize()) >= DRAFTS);
  const all = await setSize();
  const nodes = () => lead.page.evaluate(() => document.querySelectorAll("*").length);
  const scrolled = (share) => lead.page.locator("#queue-list").evaluate((list, share) => (list.scrollTop = share * list.scrollHeight), share);
  const counts = [];
  for (const share of [0, 0.25, 0.5, 0.99, 1]) {
    await scrolled(share);
    const drawn = async () => {
      const places = await lead.rows().evaluateAll((rows) => rows.map((row) => Number(row.ariaPosInSet)));
      return places.some((place) => Math.abs(place / all - share) < 0.01);
    };
    await soon(drawn);
    counts.push(await nodes());
  }
  context.diagnostic(`${Math.max(...counts)} nodes at most`);
  assert.ok(Math.max(...counts) <= NODES_MAX, counts.join(", "));
  assert.match(await lead.page.getByTestId("health").innerText(), /^\d\d,\d{3} waiting/, "thousands are told apart");
  const waiting = await lead.waiting();
  const category = lead.page.locator("#queue-category option").filter({ hasText: "billing.of_its_own" });
  const passing = await lead.posted("Passing By", { body: { category: "billing.of_its_own" } });
  await lead.posted("Live Arrival");
  await soon(async () => (await lead.waiting()) === waiting + 2 && (await category.count()) === 1);
  await lead.agent("DELETE", `/v1/drafts/${passing}`);
  await soon(async () => (await lead.waiting()) === waiting + 1 && (await category.count()) === 0);
  await lead.press("/");
  await lead.page.keyboard.type("Live Arrival");
  await lead.rows().filter({ hasText: "Live Arrival" }).waitFor();
  await lead.press("/");
  await lead.page.keyboard.type("9123");
  await soon(async () => (await lead.rows().count()) < 5);
  await lead.accessible("a long queue");
  assert.deepEqual(lead.errors, []);
  // What is still asked for by then is nobody's.
  await lead.page.unrouteAll({ behavior: "ignoreErrors" });
});
