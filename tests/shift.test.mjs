// What a working day does to the review page: a whole shift by keyboard, conversations that go on,
// bad connections, ended sessions, a colleague, a phone, other scripts. Must not use the page's own
// state: what is asserted is what a person sees and what the agent is told.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { SEEN_MS, person, signedIn, soon } from "./person.mjs";

const { service, chrome } = await shared();
const lead = await signedIn(chrome, service);

/** The draft of this customer stands there, and was seen long enough to be decided, by the page's own clock. */
async function seen(name) {
  await lead.open(name);
  await lead.page.evaluate(async (ms) => {
    for (let frames = 0; frames < 2; frames += 1) await new Promise((done) => requestAnimationFrame(done));
    await new Promise((done) => setTimeout(done, ms));
  }, 2 * SEEN_MS);
}

test("approving takes one key, a small edit two and the typing, a rejection with its reason two", async () => {
  const [approved, edited, rejected] = [await lead.posted("Fay Approved"), await lead.posted("Fay Edited"), await lead.posted("Fay Rejected")];
  await seen("Fay Approved");
  await lead.press("a");
  await soon(lead.undoShows("Fay Approved"));
  await seen("Fay Edited");
  await lead.press("e");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("Good news. ");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Fay Edited"));
  await seen("Fay Rejected");
  await lead.press("r", "1");
  await soon(lead.undoShows("Fay Rejected"));
  await lead.tells(approved, "approved");
  await lead.tells(edited, "edited", { text: "Good news. Your refund is on its way to you." });
  await lead.tells(rejected, "rejected");
  const pace = lead.page.getByTestId("pace");
  assert.match(await pace.innerText(), /^[\d.]+ s a verdict$/, "leads see the team's median");
  assert.match(await pace.getAttribute("title"), /and 2 keys or presses, the median of your last 3 verdicts/);
});

test("a whole shift needs no pointer", async () => {
  const names = ["Ola Respond", "Ola Back", "Ola Later", "Ola Elsewhere"];
  const ids = [];
  for (const name of names) ids.push(await lead.posted(name));
  await seen("Ola Respond");
  await lead.press("w");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("I have looked into it myself.");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Ola Respond"));
  await seen("Ola Back");
  await lead.press("b");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("Name the day.");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Ola Back"));
  await seen("Ola Later");
  await lead.press("d", "1");
  await soon(lead.undoShows("Ola Later"));
  await seen("Ola Elsewhere");
  await lead.press("u");
  await lead.page.getByTestId("announcements").getByText("Taken back: Ola Later").waitFor({ state: "attached" });
  await seen("Ola Later");
  await lead.doUntil(() => lead.press("d", "1"), lead.undoShows("Ola Later"));
  await seen("Ola Elsewhere");
  await lead.press("h");
  await soon(lead.undoShows("Ola Elsewhere"));
  await lead.tells(ids[0], "responded");
  await lead.tells(ids[1], "sent_back");
  await lead.tells(ids[3], "handled_elsewhere");

  await lead.press("Escape", "c");
  await soon(async () => (await lead.focused()) !== null && (await lead.page.getByTestId("draft").isVisible()));
  await lead.press("f");
  assert.equal(await lead.page.evaluate(() => document.activeElement?.id), "queue-category");
  await lead.press("Escape", "?");
  await lead.page.getByRole("dialog").waitFor();
  const keys = await lead.page.getByRole("dialog").locator("dd").allInnerTexts();
  assert.ok(keys.length > 20);
  assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), [], "no two actions share a key");
  await lead.press("Escape");
  await lead.page.getByRole("dialog").waitFor({ state: "detached" });
  await lead.press("i");
  await lead.page.getByTestId("history").getByRole("listitem").filter({ hasText: "Ola Elsewhere" }).first().waitFor();
  await lead.accessible("my history");
  await lead.press("v");
  await lead.page.getByTestId("draft").waitFor();
});

test("drafts that are alike are read together and approved by one key, or taken back", async () => {
  const mark = randomUUID().replaceAll("-", "").replaceAll(/\d/g, (digit) => "ghijklmnop"[digit]).slice(0, 8);
  const text = `Your voucher ${mark} is worth a coffee.`;
  const ids = [];
  for (const name of ["Gus First", "Gus Second", "Gus Third"]) ids.push(await lead.posted(name, { text, body: { message: `A voucher ${mark}, please.` } }));
  const statuses = async () => [...new Set(await Promise.all(ids.map(lead.statusOf)))].join();
  await lead.press("Escape", "/");
  await lead.page.keyboard.type(mark);
  await soon(async () => (await lead.rows().count()) === 3);
  await lead.press("Enter", "j", "g");
  const batch = lead.page.getByTestId("batch");
  await soon(async () => (await batch.getByText(text).count()) === 3);
  assert.equal(await lead.rows().and(lead.page.locator("[aria-checked=true]")).count(), 3);
  await lead.page.getByTestId("announcements").getByText("3 drafts chosen").waitFor({ state: "attached" });
  await lead.accessible("a batch");
  await lead.pressUntil("a", async () => (await batch.count()) === 0);
  await soon(async () => (await statuses()) === "pending");
  await lead.page.getByTestId("undo").getByText("Approved 3 drafts").waitFor();
  await lead.press("u");
  await soon(async () => (await statuses()) === "held");
  await soon(async () => (await lead.rows().count()) === 3);
  await lead.press("g");
  await lead.pressUntil("a", lead.undoShows("Approved 3 drafts"));
  for (const id of ids) await lead.tells(id, "approved");
});

test("a message that arrives in mid-edit appears in place, keeps the edit and asks to look at it", async () => {
  const conversation = { id: randomUUID(), head: "m1", messages: [{ id: "m1", role: "customer", text: "Where is my parcel?" }] };
  await lead.posted("Pia Goes On", { text: "It left today.", body: { message: "Where is my parcel?", conversation } });
  await seen("Pia Goes On");
  await lead.press("e");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("Dear Pia, ");
  const messages = [...conversation.messages, { id: "m2", role: "customer", text: "And it was a gift!" }];
  const newer = await lead.posted("Pia Goes On", { text: "It left today, too.", body: { message: "And it was a gift!", conversation: { ...conversation, head: "m2", messages } } });
  await lead.page.getByTestId("went-on").waitFor();
  await lead.page.getByText("And it was a gift!").first().waitFor();
  await soon(lead.isWriting);
  assert.match(await lead.editor().inputValue(), /^Dear Pia, It left today\./, "not a word is lost");
  await lead.press("Control+Enter");
  await lead.page.getByRole("button", { name: "Send edit" }).waitFor();
  assert.equal(await lead.statusOf(newer), "held", "the first press says that the words still fit");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Pia Goes On"));
  await lead.tells(newer, "edited", { text: "Dear Pia, It left today." });
});

test("a reload, a lost connection and an ended session in mid-edit lose no word", async () => {
  const id = await lead.posted("Quin Keeps");
  await seen("Quin Keeps");
  await lead.press("e");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("One. ");
  await lead.page.reload();
  await soon(lead.isWriting);
  assert.match(await lead.editor().inputValue(), /^One\. Your refund/);

  await lead.page.context().setOffline(true);
  await lead.page.keyboard.type("Two. ");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Quin Keeps"));
  await lead.page.waitForTimeout(SEEN_MS);
  assert.equal(await lead.statusOf(id), "held");
  await lead.page.context().setOffline(false);
  // It is sent once the line is back.
  await lead.tells(id, "edited", { text: "One. Two. Your refund is on its way to you." });

  const other = await lead.posted("Quin Returns");
  await seen("Quin Returns");
  await lead.press("e");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("Three. ");
  await lead.page.context().clearCookies();
  await lead.press("Control+Enter");
  await lead.page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await lead.page.getByText("a new invitation link: each works once").waitFor();
  await lead.page.goto("about:blank");
  await lead.page.goto(service.sign_in_url);
  await lead.page.getByTestId("draft").waitFor();
  assert.match(lead.page.url(), new RegExp(other), "one is back where one was");
  await soon(lead.isWriting);
  assert.match(await lead.editor().inputValue(), /^Three\. Your refund/);
  await lead.press("Control+Enter");
  await lead.tells(other, "edited", { text: "Three. Your refund is on its way to you." });
});

test("an edit that is taken back is there to be gone on with", async () => {
  const id = await lead.posted("Tea Thinks Twice");
  await seen("Tea Thinks Twice");
  await lead.press("w");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("Dear Tea,");
  await lead.press("Escape");
  const draft = lead.page.getByTestId("draft");
  await draft.locator("[data-action=respond]").waitFor();
  await draft.getByRole("button", { name: "Discard them" }).press("Enter");
  await soon(async () => (await draft.getByText("your words are kept").count()) === 0);
  await lead.pressUntil("w", lead.isWriting);
  await lead.page.keyboard.type("Once more,");
  await lead.press("Escape");
  await draft.getByText("your words are kept").waitFor();
  await draft.getByRole("button", { name: "Discard them" }).press("Enter");
  await soon(async () => (await draft.getByText("your words are kept").count()) === 0);
  await lead.press("e");
  await soon(lead.isWriting);
  await lead.page.keyboard.type("Well. ");
  await lead.press("Control+Enter");
  await soon(lead.undoShows("Tea Thinks Twice"));
  await lead.press("u");
  await soon(async () => (await lead.statusOf(id)) === "held");
  await lead.page.getByText("your words are kept").waitFor();
  await lead.pressUntil("e", lead.isWriting);
  assert.match(await lead.editor().inputValue(), /^Well\. Your refund/);
  await lead.press("Control+Enter");
  await lead.tells(id, "edited", { text: "Well. Your refund is on its way to you." });
});

test("two reviewers see each other, and only one of them decides", async () => {
  const colleague = await signedIn(chrome, service, await service.invite("noa@larkspur.example", "reviewer"));
  const id = await lead.posted("Rae Shared");
  await lead.open("Rae Shared");
  await soon(async () => (await colleague.page.locator("#queue-list [role=option]").count()) > 0);
  await colleague.press("/");
  await colleague.page.keyboard.type(await lead.heading());
  await colleague.rows().filter({ hasText: "claimed by" }).first().waitFor();
  await lead.page.getByRole("banner").getByText("noa", { exact: true }).waitFor({ state: "attached" });
  await lead.page.getByTestId("pace").waitFor();
  const own = lead.page.getByRole("banner").locator("summary");
  assert.ok(await own.evaluate((name) => name.scrollWidth <= name.clientWidth && name.getBoundingClientRect().right <= innerWidth), "the bar has room for all of it");
  await colleague.press("Enter", "j");
  await colleague.page.locator(".strip").filter({ hasText: "claimed this draft" }).waitFor();
  await colleague.press("a");
  await lead.page.waitForTimeout(2 * SEEN_MS);
  assert.equal(await lead.statusOf(id), "held", "a claimed draft is the other's");
  await lead.pressUntil("a", lead.undoShows("Rae Shared"));
  await colleague.page.locator(".strip").filter({ hasText: /was faster: approved|No longer waiting/ }).waitFor();
  await lead.tells(id, "approved");
  assert.equal(await colleague.page.getByTestId("pace").count(), 0, "only leads see the pace");
  await colleague.page.close();
});

test("a phone reviews by touch, and nothing is cut off", async () => {
  const phone = await signedIn(chrome, service, service.sign_in_url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const id = await lead.posted("Sol Touched", { text: "A rather long line without an end ".repeat(20) });
  await phone.page.locator("#queue-search").fill("Sol Touched");
  await phone.page.getByRole("option").filter({ hasText: "Sol Touched" }).tap();
  await phone.page.getByTestId("draft").waitFor();
  await phone.page.waitForTimeout(3 * SEEN_MS);
  await phone.accessible("a draft on a phone");
  assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
  const small = await phone.page.evaluate(() => [...document.querySelectorAll(".bar button")].filter((button) => button.offsetParent && button.getBoundingClientRect().height < 44).length);
  assert.equal(small, 0, "a finger hits every button");
  await phone.page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name: "Why" }).tap();
  await phone.page.getByText("Similar corrections").waitFor();
  await phone.accessible("why, on a phone");
  await phone.page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name: "Draft" }).tap();
  await phone.page.locator('[data-action="edit"]').tap();
  await soon(phone.isWriting);
  await phone.page.keyboard.type("Ah. ");
  await phone.page.getByTestId("diff").waitFor();
  await phone.accessible("an edit on a phone");
  assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
  await phone.page.locator('[data-action="leave"]').tap();
  await phone.page.locator('[data-action="reject"]').tap();
  await phone.page.locator("#choice-title").waitFor();
  await phone.accessible("a rejection on a phone");
  await phone.page.locator('[data-action="leave"]').tap();
  await phone.page.getByTestId("draft").getByText(/words are kept/).waitFor();
  await phone.page.locator('[data-action="approve"]').tap();
  await soon(phone.undoShows("Sol Touched"));
  await phone.page.locator("summary").filter({ hasText: "lead" }).tap();
  await phone.page.getByRole("link", { name: "Memory" }).tap();
  await phone.page.getByRole("heading", { level: 2, name: "Memory" }).waitFor();
  await phone.page.locator("summary").filter({ hasText: "lead" }).first().tap();
  await phone.page.getByRole("link", { name: "Review" }).tap();
  await phone.page.getByRole("navigation", { name: "Parts of the page" }).waitFor();
  await lead.tells(id, "approved");
  await phone.page.close();
});

test("drafts are chosen and approved together by touch alone", async () => {
  const mark = randomUUID().replaceAll(/[\d-]/g, "").slice(0, 6);
  const text = `Your parking ticket ${mark} is paid.`;
  const ids = [];
  for (const name of ["Tia First", "Tia Second", "Tia Third"]) ids.push(await lead.posted(name, { text, body: { message: `My ticket ${mark}?` } }));
  const phone = await signedIn(chrome, service, service.sign_in_url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const row = (name) => phone.page.getByRole("option").filter({ hasText: name });
  const part = (name) => phone.page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name }).tap();
  await phone.page.locator("#queue-search").fill(mark);
  await row("Tia First").tap();
  await phone.page.getByTestId("draft").waitFor();
  await phone.page.getByRole("button", { name: "Select", exact: true }).tap();
  await phone.page.getByRole("heading", { name: "1 draft chosen" }).waitFor();
  await part("Queue");
  await row("Tia Second").tap();
  await row("Tia Third").tap();
  await row("Tia Second").tap();
  await part("Draft");
  await phone.page.getByRole("heading", { name: "2 drafts chosen" }).waitFor();
  await phone.page.locator('[data-action="leave"]').tap();
  await phone.page.getByRole("button", { name: "Select all alike" }).tap();
  await phone.page.getByRole("heading", { name: "3 drafts chosen" }).waitFor();
  await phone.accessible("a batch on a phone");
  const approve = phone.page.getByRole("button", { name: "Approve 3" });
  await phone.doUntil(() => approve.tap(), async () => (await approve.count()) === 0);
  for (const id of ids) await lead.tells(id, "approved");
  assert.deepEqual(phone.errors, []);
  await phone.page.close();
});

test("whoever has decided all that they searched for is told so, and shown the rest by one key", async () => {
  await lead.posted("Uma Only");
  await seen("Uma Only");
  await lead.press("a");
  const zone = lead.page.getByRole("region", { name: "Draft", exact: true });
  await zone.getByText("Nothing matches").waitFor();
  await zone.getByRole("button", { name: /^Show all \d+$/ }).waitFor();
  await lead.accessible("nothing matches");
  await lead.press("Escape");
  await soon(async () => (await lead.rows().count()) > 1 && (await lead.page.getByTestId("draft").isVisible()));
});

test("with letters twice as large the parts of the page take turns, and nothing is cut off", async () => {
  const { page } = lead;
  await lead.posted("Vic Large");
  await seen("Vic Large");
  const browser = await page.context().newCDPSession(page);
  await browser.send("Page.setFontSizes", { fontSizes: { standard: 32 } });
  await page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name: "Draft" }).click();
  const { width } = await page.getByTestId("draft").boundingBox();
  assert.ok(width > 1_000, `${width} px`);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
  await browser.send("Page.setFontSizes", { fontSizes: { standard: 16 } });
  await browser.detach();
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

test("Arabic runs from right to left, Chinese breaks its lines, and a long conversation is all there", async () => {
  const long = Array.from({ length: 120 }, (_, at) => ({ id: `l${at}`, role: at % 2 ? "agent" : "customer", text: `Message ${at}. ${"More of it. ".repeat(12)}` }));
  const conversation = { id: randomUUID(), head: "l118", messages: long.slice(0, 119) };
  await lead.posted("Uma Words", {
    text: "مرحبا، سيصل طلبك غدا.\n\n您的退款将在三个工作日内到账。".concat("请耐心等待处理结果".repeat(20)),
    body: { message: "أين طلبي؟", conversation },
  });
  await lead.open("Uma Words");
  const laidOut = await lead.page.getByTestId("draft").locator(".words").first().evaluate((element) => {
    const scroller = element.closest("[data-scrolls]");
    return { direction: getComputedStyle(element).direction, wide: element.scrollWidth > element.clientWidth || scroller.scrollWidth > scroller.clientWidth };
  });
  assert.deepEqual(laidOut, { direction: "rtl", wide: false });
  assert.equal(await lead.page.locator("ol.messages > li").count(), 120, "and the message that triggered it");
  await lead.accessible("a long conversation");
  await soon(() => lead.page.getByTestId("draft").evaluate((card) => {
    const [{ top }, { bottom }] = [card.getBoundingClientRect(), card.closest("[data-scrolls]").getBoundingClientRect()];
    return top < bottom;
  }));
});

test("on a narrow page nothing is cut off, and no key decides what stands behind another part of it", async () => {
  const phone = await signedIn(chrome, service, service.sign_in_url, { viewport: { width: 360, height: 740 } });
  const messages = [{ id: "m1", role: "customer", text: "W".repeat(400) }, { id: "m2", role: "customer", text: "And so on. ".repeat(30) }];
  const id = await lead.posted("Nea ".concat("Narrow-Beyond-Measure-".repeat(6)), { body: { category: "billing.refund.of_a_category_with_a_very_long_name", conversation: { id: randomUUID(), head: "m2", messages } } });
  const zone = (name) => phone.page.getByRole("navigation", { name: "Parts of the page" }).getByRole("button", { name, pressed: true });
  await phone.press("/");
  await phone.page.keyboard.type("Nea Narrow");
  await phone.rows().filter({ hasText: "Nea Narrow" }).first().waitFor();
  await phone.press("Enter");
  await phone.page.waitForTimeout(3 * SEEN_MS);
  assert.equal(await zone("Queue").count(), 1);
  await phone.press("a");
  await zone("Draft").waitFor();
  await phone.page.getByTestId("draft").waitFor();
  assert.equal(await lead.statusOf(id), "held", "it had not been seen");
  const beyond = await phone.page.evaluate(() => [...document.querySelectorAll("section.draft .column *")].filter((one) => one.offsetParent && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.className));
  assert.deepEqual(beyond, []);
  await phone.pressUntil("r", () => phone.page.locator("#choice-title").isVisible());
  await phone.press("Escape");
  await phone.pressUntil("a", phone.undoShows("Nea"));
  const undo = await phone.page.getByTestId("undo").getByRole("button").boundingBox();
  assert.ok(undo.x + undo.width <= 360, "the way back, too");
  await phone.page.close();
});

test("at 400 % zoom most of the window is the draft's, and what is chosen from stays inside it", async () => {
  const { page } = lead;
  await lead.posted("Kim Zoomed");
  await seen("Kim Zoomed");
  await page.setViewportSize({ width: 320, height: 256 });
  await page.getByRole("button", { name: "Draft", exact: true }).click();
  const bottomOf = async (part) => part.boundingBox().then(({ y, height }) => y + height);
  const { height } = await page.getByRole("region", { name: "Conversation" }).boundingBox();
  assert.ok(height > 0.6 * 256, `${height} px`);
  await lead.pressUntil("r", () => page.getByLabel("Note (optional)").isVisible());
  assert.ok((await bottomOf(page.getByRole("toolbar", { name: "Decide" }))) <= 256, "the reasons scroll inside the window");
  await lead.press("Escape");
  await page.getByRole("button", { name: "Why", exact: true }).click();
  await lead.accessible("why, at 400 %");
  await page.locator("summary").filter({ hasText: "Menu" }).click();
  await soon(async () => (await bottomOf(page.getByText("Sign out").locator(".."))) <= 256);
  await lead.press("Tab", "Escape");
  await page.getByText("Sign out").waitFor({ state: "hidden" });
  assert.ok(await page.locator("summary").filter({ hasText: "Menu" }).evaluate((own) => own === document.activeElement));
  await page.setViewportSize({ width: 1440, height: 900 });
});

test("in the reader's own colours the draft in focus, what has the focus and what is open are told apart", async () => {
  const { page } = lead;
  await page.emulateMedia({ forcedColors: "active" });
  const outline = (locator) => locator.evaluate((element) => getComputedStyle(element).outlineStyle);
  assert.equal(await outline(page.locator("#queue-list [aria-selected=true]")), "solid");
  assert.equal(await outline(page.locator("header nav [aria-current=page]")), "solid");
  await lead.press("Escape", "/");
  assert.equal(await outline(page.locator("#queue-search")), "solid");
  await lead.press("Escape");
  await page.emulateMedia({ forcedColors: "none" });
});

test("what is out is found wrong where it is come upon, though nobody was asked to look", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  await changePolicy(session, "all goes out", (document) => ({
    ...document,
    categories: { "billing.refund": { start_level: 3, ceiling: 3, sample_rate: 0 } },
  }));
  const ida = await person(chrome, { ...service, ...tenant });
  const id = await ida.posted("Ida Sent", { status: "released" });
  let line;
  let isOn = true;
  await ida.page.routeWebSocket("**/v1/live*", (socket) => (isOn ? (line = socket).connectToServer() : socket.close()));
  await ida.page.goto(tenant.sign_in_url);
  await ida.page.getByTestId("health").waitFor();
  await ida.page.goto(`${tenant.url}/drafts/${id}`);
  await soon(async () => (await ida.heading()).startsWith("Ida Sent"));
  await ida.pressUntil("x", async () => (await ida.page.getByText("What is done about it?").count()) === 1);
  await ida.accessible("what is found wrong");
  // Nobody was asked to look: whoever leaves it has nothing to say yes to.
  await ida.press("Escape");
  await soon(async () => (await ida.rows().count()) === 0);
  assert.equal(await ida.page.locator("[data-action=confirm]").count(), 0);
  const asked = ida.page.getByRole("region", { name: "What is done about it?" });
  await ida.pressUntil("x", () => asked.isVisible());
  // What its agent tells meanwhile takes nothing away, nor does the queue that is fetched anew.
  await ida.agent("PUT", `/v1/drafts/${id}/outcome`, { outcome: "done" });
  const listed = ida.page.waitForResponse((answer) => answer.url().includes("/v1/queue?"));
  isOn = false;
  await line.close();
  await ida.posted("Ida Next", { status: "released" });
  isOn = true;
  await listed;
  await soon(async () => (await asked.getByRole("button", { name: "Nothing" }).isEnabled()) && (await ida.rows().count()) === 1);
  // What was not done is a press away.
  await ida.page.route("**/verdict", (route) => route.fulfill({ status: 409, contentType: "application/problem+json", body: '{"code":"not_open"}' }));
  await ida.press("1");
  await ida.page.getByTestId("notices").getByText("Not done: Ida Sent").waitFor();
  await ida.page.unroute("**/verdict");
  await ida.page.getByRole("button", { name: "Open it" }).press("Enter");
  await ida.pressUntil("x", () => asked.isVisible());
  await ida.press("1");
  await soon(async () => (await ida.statusOf(id)) === "corrected");
  await soon(async () => (await ida.page.locator("[data-action=correct]").count()) === 0);
  assert.deepEqual(ida.errors, []);
  await ida.page.close();
});

test("agents are told what was decided, once it counts", lead.allTold);

test("the browser had nothing to complain about", () => {
  assert.deepEqual(lead.errors, []);
});
