// A person at the review page: what they press, and what they see. Must not use what a person can't
// see, nor the page's own state.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { draft, until } from "./countersign.mjs";

const AXE = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);
/** A state is waited for, however busy the machine is. */
const SECONDS = 120;
/** As long as the page wants a draft to have been in view before it may be decided. */
export const SEEN_MS = 300;

/** Where one runs already, names of earlier runs may still stand in its queue. */
const RUN = process.env.COUNTERSIGN_STATE ? ` ${randomUUID().replaceAll(/[^a-f]/g, "")}` : "";

const SIZES = { wide: { width: 1440, height: 900 }, middle: { width: 1024, height: 768 }, phone: { width: 390, height: 844 } };

/** Waits until a check holds. */
export const soon = (check) => until(check, { seconds: SECONDS });

/** Somebody at a page of their own; `errors` is what the browser complained of. */
export async function person(chrome, service, settings = {}) {
  const page = await chrome.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...settings });
  page.setDefaultTimeout(SECONDS * 1000);
  const errors = [];
  // A refusal or a lost connection is an answer that the page shows; the browser names it, too.
  const answered = /status of 4|ERR_INTERNET_DISCONNECTED|WebSocket connection/;
  page.on("console", (message) => message.type() === "error" && !answered.test(message.text()) && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  // The policy of the page allows no script from elsewhere: this one comes before it.
  await page.addInitScript(readFileSync(AXE, "utf8"));
  return { page, errors, ...at(page), ...agent(service) };
}

/** Somebody who opened a link that signs them in. */
export async function signedIn(chrome, service, url = service.sign_in_url, settings = {}) {
  const someone = await person(chrome, service, settings);
  await someone.page.goto(url);
  await someone.page.getByTestId("draft").or(someone.page.locator("#queue-list")).first().waitFor();
  return someone;
}

/** What a person does at a page. */
function at(page) {
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const rows = () => page.locator("#queue-list [role=option]");
  const heading = () => page.locator("section.draft h2").first().innerText();
  const focused = () => page.locator("#queue-list").getAttribute("aria-activedescendant");
  const waiting = async () => Number((await page.getByTestId("health").innerText()).match(/[\d,]+/)[0].replaceAll(",", ""));
  const undoShows = (name) => async () => (await page.getByTestId("undo").filter({ hasText: name }).count()) === 1;

  /** Finds a customer's draft by typing the name, and opens it. */
  async function open(name) {
    await press("Escape", "/");
    await page.keyboard.type(name + RUN);
    await rows().filter({ hasText: name + RUN }).first().waitFor();
    await press("Enter");
    await soon(async () => (await rows().count()) === 1);
    await press("j");
    await soon(async () => (await heading()) === name + RUN && (await page.getByTestId("draft").isVisible()));
  }

  const editor = () => page.getByTestId("editor");
  const isWriting = async () => (await editor().count()) === 1 && (await editor().evaluate((field) => field === document.activeElement));

  /** Does something until it has its effect: a draft that just came into view can't be decided yet. */
  const doUntil = (act, effect) =>
    soon(async () => {
      if (await effect()) return true;
      await page.waitForTimeout(SEEN_MS);
      await act();
      // Where it is drawn late, the same must not be done to the next draft.
      for (let waits = 0; waits < 20 && !(await effect()); waits += 1) await page.waitForTimeout(50);
      return effect();
    });
  const pressUntil = (key, effect) => doUntil(() => press(key), effect);

  /** What a person gets to see is judged by axe: a change of colours that is still under way is waited out. */
  async function accessible(view) {
    const judge = () =>
      page.evaluate(async () => {
        // In a part that is folded away none ever ends.
        const ended = Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
        await Promise.race([ended, new Promise((moment) => setTimeout(moment, 500))]);
        const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
      });
    let violations = await judge();
    for (let again = 0; again < 4 && violations.length > 0; again += 1) {
      await page.waitForTimeout(SEEN_MS);
      violations = await judge();
    }
    assert.deepEqual(violations, [], view);
  }

  /** The same in both themes and every size; and nothing is wider than the screen. */
  async function accessibleEverywhere(view) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await accessible(`${view}, ${size}, ${colorScheme}`);
      }
      const overflow = await page.evaluate(() => {
        // A wide table scrolls in a region of its own.
        const scrolled = [document.documentElement, ...document.querySelectorAll("[data-scrolls]:not([role=region], pre)")];
        const barEnds = [...document.querySelectorAll(".page > header > *")].map((part) => part.getBoundingClientRect().right);
        return Math.max(...scrolled.map((part) => part.scrollWidth - part.clientWidth), ...barEnds.map((end) => end - innerWidth));
      });
      assert.ok(overflow <= 0, `${view}, ${size}: ${overflow} px too wide`);
    }
    await page.setViewportSize(SIZES.wide);
    await page.emulateMedia({ colorScheme: "light" });
  }

  /** Waits until the record holds every draft that is decided, and says how many those are. */
  const recorded = () =>
    soon(() =>
      page.evaluate(async () => {
        const asked = async (path, given) => (await fetch(`/v1${path}`, given)).json();
        let decided = 0;
        for (let cursor = ""; cursor !== null; ) {
          const { entries, next_cursor } = await asked(`/audit?limit=200${cursor}`);
          const ends = ({ entry: { event, facts } }) => event === "draft.decided" || (event === "draft.routed" && facts.status === "released");
          decided += entries.filter(ends).length;
          cursor = next_cursor ? `&cursor=${next_cursor}` : null;
        }
        const { total } = await asked("/policy:backtest", { method: "POST", body: '{"days":30}', headers: { "content-type": "application/json" } });
        return total.drafts === decided && decided;
      }),
    );

  return { press, rows, recorded, heading, focused, waiting, undoShows, open, editor, isWriting, doUntil, pressUntil, accessible, accessibleEverywhere };
}

/** What the agent's key does and is told. */
function agent(service) {
  async function call(method, path, body) {
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${service.agent_key}`,
        "content-type": "application/json",
        "idempotency-key": randomUUID(),
      },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Posts a draft for a customer of this name; it is held, unless another status is expected. */
  async function posted(name, change = {}) {
    const text = change.text ?? "Your refund is on its way to you.";
    const body = { ...draft(), draft: { text, to: ["ada@customer.example"], subject: "Your refund" }, customer: { id: randomUUID(), name: name + RUN }, confidence: 0.4 };
    const conversation = { ...body.conversation, id: randomUUID() };
    const answer = await call("POST", "/v1/drafts", { ...body, conversation, ...change.body });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    assert.equal(answer.body.status, change.status ?? "held");
    return answer.body.id;
  }

  const statusOf = async (id) => (await call("GET", `/v1/drafts/${id}`)).body.status;

  /** What the agent that waits is told in the end. */
  const settled = (id) =>
    soon(async () => {
      const { body } = await call("GET", `/v1/drafts/${id}?wait=10`);
      return body.status !== "held" && body.status !== "pending" && body;
    });

  const decided = [];
  /** The service has the verdict. What the agent is told of it `allTold` asks at the end: each waits for its undo window. */
  async function tells(id, status, outgoing = {}) {
    await soon(async () => (await statusOf(id)) !== "held");
    decided.push({ id, status, outgoing });
  }
  async function allTold() {
    assert.ok(decided.length > 0);
    for (const { id, status, outgoing } of decided) {
      const answer = await settled(id);
      assert.equal(answer.status, status);
      assert.deepEqual({ ...answer.outgoing, ...outgoing }, answer.outgoing ?? {});
    }
  }

  return { agent: call, posted, statusOf, settled, tells, allTold };
}
