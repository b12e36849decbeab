// `npm run bench -- page [--json]`: how the review page feels, in real Chromium against what `npm
// start` serves. Told are medians of several rounds: seconds until the page answers a key with the CPU
// slowed four times; milliseconds of work for a step of scrolling and for a draft that changes, in a
// queue of 10,000; and for a key typed into an edit of 10 KB, its difference and kind included. Must
// not change the page to measure it.
import { options } from "../scripts/run.mjs";
import { firstView } from "../scripts/size.mjs";
import { browser, served } from "../tests/browser.mjs";
import { crowd } from "../tests/crowd.mjs";
import { person, soon } from "../tests/person.mjs";

const USAGE = "npm run bench -- page [--rounds N] [--json]";
const asked = options(process.argv.slice(2), { values: ["rounds"], flags: ["json"], usage: USAGE });
const ROUNDS = Number(asked.rounds ?? 7);
const CPU_SLOWED = 4;
const DRAFTS = 10_000;
const STEPS = 120;
const KEYS = 40;
const EDIT_BYTES = 10_240;

const service = await served();
const chrome = await browser();
try {
  const first_view_kb = firstView() / 1000;
  const interactive_s = median(await rounds(interactive));
  const { scroll_ms, change_ms, nodes } = await longQueue();
  const figures = { first_view_kb, interactive_s, nodes, scroll_ms_p50: median(scroll_ms), scroll_ms_p95: share(scroll_ms, 0.95), change_ms, ...(await edit()) };
  const aims = { first_view_kb: 120, interactive_s: 1, scroll_ms_p95: 16.7, change_ms: 16.7, edit_ms_p95: 16.7 };
  for (const [name, value] of Object.entries(figures)) {
    console.log(`  ${name.padEnd(16)} ${String(Math.round(value * 1000) / 1000).padStart(9)}${aims[name] ? `   aim ${aims[name]}` : ""}`);
  }
  if (asked.json) console.log(JSON.stringify(figures));
} finally {
  await chrome.close();
  await service.stop();
}

/** Seconds from the navigation until a first key had its effect. */
async function interactive() {
  const context = await chrome.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(service.sign_in_url);
  await page.getByTestId("draft").waitFor();
  await page.goto("about:blank");
  await page.addInitScript(() => {
    // As soon as a draft stands there a key is pressed; it is answered when another draft is in focus.
    const focused = () => document.querySelector("#queue-list")?.getAttribute("aria-activedescendant");
    let before;
    const watching = new MutationObserver(() => {
      if (before === undefined && document.querySelector('[data-testid="draft"]')) {
        before = focused();
        queueMicrotask(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true })));
      } else if (before !== undefined && focused() !== before) {
        watching.disconnect();
        requestAnimationFrame(() => (globalThis.answeredMs = performance.now()));
      }
    });
    watching.observe(document, { subtree: true, childList: true, attributes: true });
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWED });
  await page.goto(service.url);
  const ms = await soon(() => page.evaluate(() => globalThis.answeredMs));
  await context.close();
  return ms / 1000;
}

/** The work of scrolling through a long queue, and of a draft in it that changes. */
async function longQueue() {
  const lead = await person(chrome, service);
  await crowd(lead.page, DRAFTS);
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
  await soon(async () => Number(await lead.rows().first().getAttribute("aria-setsize")) >= DRAFTS);
  const scroll_ms = await lead.page.locator("#queue-list").evaluate(async (list, steps) => {
    const times = [];
    for (let step = 0; step < steps; step += 1) {
      list.scrollTop = ((step * 7919) % steps) * (list.scrollHeight / steps);
      const started = performance.now();
      list.dispatchEvent(new Event("scroll"));
      await Promise.resolve();
      void list.getBoundingClientRect();
      times.push(performance.now() - started);
      await new Promise((done) => requestAnimationFrame(done));
    }
    return times;
  }, STEPS);
  const nodes = await lead.page.evaluate(() => document.querySelectorAll("*").length);

  const devtools = await lead.page.context().newCDPSession(lead.page);
  await devtools.send("Performance.enable");
  const worked = async () => (await devtools.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
  const waiting = await lead.waiting();
  const before = await worked();
  const posts = 10;
  for (let post = 0; post < posts; post += 1) await lead.posted(`Bench ${post}`);
  await soon(async () => (await lead.waiting()) >= waiting + posts);
  const change_ms = ((await worked()) - before) * (1000 / posts);
  await lead.page.close();
  return { scroll_ms, change_ms, nodes };
}

/** The work of a key typed into a long edit: the difference and the kind are drawn with it. */
async function edit() {
  const lead = await person(chrome, service);
  const sentence = "Your parcel left our house in Leeds on Monday and is with the carrier, who needs three days. ";
  await lead.posted("Bench Edits", { text: sentence.repeat(Math.ceil(EDIT_BYTES / sentence.length)).slice(0, EDIT_BYTES) });
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
  await lead.open("Bench Edits");
  await lead.pressUntil("e", () => lead.page.getByTestId("editor").isVisible());
  await lead.page.keyboard.type("A");
  await lead.page.getByTestId("diff").waitFor();
  const times = await lead.page.getByTestId("editor").evaluate(async (field, keys) => {
    const times = [];
    for (let key = 0; key < keys; key += 1) {
      const at = Math.floor((field.value.length * key) / keys);
      field.setRangeText("x", at, at, "end");
      const started = performance.now();
      field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: "x" }));
      await Promise.resolve();
      void document.body.getBoundingClientRect();
      times.push(performance.now() - started);
      await new Promise((done) => requestAnimationFrame(done));
    }
    return times;
  }, KEYS);
  await lead.page.close();
  return { edit_ms_p50: median(times), edit_ms_p95: share(times, 0.95) };
}

async function rounds(measure) {
  const found = [];
  for (let round = 0; round < ROUNDS; round += 1) found.push(await measure());
  return found;
}
function median(values) {
  return share(values, 0.5);
}
function share(values, part) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
