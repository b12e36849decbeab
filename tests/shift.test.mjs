// What a working day does to the review page: verdicts by few keys, a colleague, a phone, a link from
// elsewhere. Must not use the page's own state: what is asserted is what a person sees and what the
// agent is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, served } from "./browser.mjs";
import { SEEN_MS, person, soon } from "./person.mjs";

let service;
let chrome;
let lead;

before(async () => {
  service = await served();
  chrome = await browser();
  lead = await signedIn(service.sign_in_url);
});

after(async () => {
  await chrome?.close();
  await service?.stop();
});

async function signedIn(url, settings) {
  const someone = await person(chrome, service, settings);
  await someone.page.goto(url);
  await someone.page.getByTestId("draft").or(someone.page.locator("#queue-list")).first().waitFor();
  return someone;
}

/** The draft of this customer stands there, and was seen long enough to be decided. */
async function seen(name) {
  await lead.open(name);
  await lead.page.waitForTimeout(3 * SEEN_MS);
}
const editor = (someone) => someone.page.getByTestId("editor");
const isWriting = (someone) => async () => (await editor(someone).count()) === 1 && (await editor(someone).evaluate((field) => field === document.activeElement));

test("approving takes one key, a small edit two and the typing, a rejection with its reason two", async () => {
  const [approved, edited, rejected] = [await lead.posted("Fay Approved"), await lead.posted("Fay Edited"), await lead.posted("Fay Rejected")];
  await seen("Fay Approved");
  await lead.press("a");
  await soon(lead.undoShows("Fay Approved"));
  await seen("Fay Edited");
  await lead.press("e");
  await soon(isWriting(lead));
  await lead.page.keyboard.type("Good news. ");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Fay Edited"));
  await seen("Fay Rejected");
  await lead.press("r", "1");
  await soon(lead.undoShows("Fay Rejected"));
  assert.deepEqual(
    [(await lead.settled(approved)).status, (await lead.settled(edited)).status, (await lead.settled(rejected)).status],
    ["approved", "edited", "rejected"],
  );
  const pace = lead.page.getByTestId("pace");
  assert.match(await pace.innerText(), /^[\d.]+ s a verdict$/, "leads see the median");
  assert.match(await pace.getAttribute("title"), /last 3 verdicts.* 2 keys/);
});

test("two reviewers see each other, and only one of them decides", async () => {
  const colleague = await signedIn(await service.invite("noa@larkspur.example", "reviewer"));
  const id = await lead.posted("Rae Shared");
  await lead.open("Rae Shared");
  await soon(async () => (await colleague.page.locator("#queue-list [role=option]").count()) > 0);
  await colleague.press("/");
  await colleague.page.keyboard.type(await lead.heading());
  await colleague.rows().filter({ hasText: /looking at it|claimed by/ }).first().waitFor();
  await colleague.press("Enter", "j");
  await colleague.page.locator(".strip").filter({ hasText: "claimed this draft" }).waitFor();
  await colleague.press("a");
  await lead.page.waitForTimeout(2 * SEEN_MS);
  assert.equal(await lead.statusOf(id), "held", "a claimed draft is the other's");
  await lead.pressUntil("a", lead.undoShows("Rae Shared"));
  await colleague.page.locator(".strip").filter({ hasText: /was faster: approved|No longer waiting/ }).waitFor();
  assert.equal((await lead.settled(id)).status, "approved");
  assert.equal(await colleague.page.getByTestId("pace").count(), 0, "only leads see the pace");
  await colleague.page.close();
});

test("a phone reviews by touch, and nothing is cut off", async () => {
  const phone = await signedIn(service.sign_in_url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const id = await lead.posted("Sol Touched", { text: "A rather long line without an end ".repeat(20) });
  await phone.page.locator("#queue-search").fill("Sol Touched");
  await phone.page.getByRole("option").filter({ hasText: "Sol Touched" }).tap();
  await phone.page.getByTestId("draft").waitFor();
  await phone.page.waitForTimeout(3 * SEEN_MS);
  assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
  const small = await phone.page.evaluate(() => [...document.querySelectorAll(".bar button")].filter((button) => button.offsetParent && button.getBoundingClientRect().height < 44).length);
  assert.equal(small, 0, "a finger hits every button");
  await phone.page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name: "Why" }).tap();
  await phone.page.getByText("Similar corrections").waitFor();
  await phone.page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name: "Draft" }).tap();
  await phone.page.locator('[data-action="approve"]').tap();
  await soon(phone.undoShows("Sol Touched"));
  assert.equal((await lead.settled(id)).status, "approved");
  await phone.page.close();
});

test("a link asks for sign-in, and leads there afterwards; opening it decides nothing", async () => {
  const id = await lead.posted("Tom Linked");
  const stranger = await person(chrome, service);
  await stranger.page.goto(`${service.url}/drafts/${id}`);
  await stranger.page.getByRole("heading", { name: /sign in/i }).waitFor();
  await stranger.accessible("the sign-in");
  await stranger.page.goto("about:blank");
  await stranger.page.goto(service.sign_in_url);
  await soon(async () => (await stranger.heading()).startsWith("Tom Linked"));
  assert.equal(await lead.statusOf(id), "held");
  await stranger.page.close();
});

test("the browser had nothing to complain about", () => {
  assert.deepEqual(lead.errors, []);
});
