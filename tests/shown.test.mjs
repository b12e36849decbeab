// What a reviewer gets to see before they agree: all of what would leave, and as whom they act. Must not
// use the page's own state: what is asserted is what a person sees and what the agent is told.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { verdictOn } from "./countersign.mjs";
import { person, signedIn, soon } from "./person.mjs";

const { service, chrome } = await shared();
const lead = await signedIn(chrome, service);
const form = lead.page.getByTestId("draft");

const hidden = (letters) => [...letters].map((letter) => String.fromCodePoint(0xe0000 + letter.codePointAt(0))).join("");
const action = (name, args) => ({ kind: "action", channel: "crm", draft: { action: { name, args } } });
const ghosts = (part) => part.locator(".ghost").allInnerTexts();

test("of an action's arguments every one is shown, however many there are", async () => {
  const rows = Object.fromEntries(Array.from({ length: 450 }, (_, at) => [`field_${at}`, `value ${at}`]));
  await lead.posted("Pia Many", { body: action("update_record", { ...rows, last: { pay_to: "mallory\nField 1: value 1" } }) });
  await lead.open("Pia Many");
  const further = form.getByTestId("further");
  await form.getByText("51 further values").waitFor();
  // What is far below is laid out once it is looked at.
  await further.scrollIntoViewIfNeeded();
  const lines = (await soon(() => further.innerText())).split("\n");
  assert.equal(lines.pop(), "Last · Pay to: mallory ⏎ Field 1: value 1", "a value makes no line of its own");
  const inRows = await form.locator(".field-row output").allInnerTexts();
  const all = [...inRows, ...lines.map((line) => line.split(": ")[1])];
  assert.deepEqual([lines.length, all.sort()], [50, Object.values(rows).sort()]);
});

test("what the first of two people put into an action is shown to the second", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  await changePolicy(session, "two people decide", (document) => ({ ...document, defaults: { ...document.defaults, four_eyes: true } }));
  const tom = await signedIn(chrome, { ...service, ...tenant }, await tenant.invite("tom@larkspur.example", "reviewer"));
  const id = await tom.posted("Una Action", { body: action("add_tag", { tag: "vip", until: "May" }) });
  const { body } = await session(`/v1/drafts/${id}`);
  const edited = { action: { name: "add_tag", args: { tag: "vip", pay_to: "mallory" } } };
  await session(`/v1/drafts/${id}/verdict`, { method: "PUT", body: verdictOn(body, { kind: "edit", draft: edited, one_off: false }) });
  const rows = tom.page.getByTestId("draft").locator(".field-row");
  await rows.nth(2).waitFor();
  const said = (await rows.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " ").trim());
  assert.deepEqual(said, ["Tag vip", "Until empty was May", "Pay to mallory was empty"]);
  await tom.page.close();
});

test("of an action that was sent back and drafted anew it is shown what the agent changed", async () => {
  const conversation = { id: randomUUID(), head: "m1", messages: [{ id: "m1", role: "customer", text: "Tag me." }] };
  const given = (args, change) => ({ body: { conversation, message: "Tag me.", ...action("add_tag", args), ...change } });
  const first = await lead.posted("Bo Anew", given({ tag: "gold", until: "May" }));
  await lead.open("Bo Anew");
  await lead.pressUntil("b", lead.isWriting);
  await lead.page.keyboard.type("Silver is enough.");
  await lead.press("Control+Enter");
  assert.equal((await lead.settled(first)).status, "sent_back");
  await lead.posted("Bo Anew", given({ tag: "silver", until: "May" }, { supersedes: first }));
  await lead.open("Bo Anew");
  const anew = lead.page.getByTestId("handover");
  await soon(async () => /Silver is enough\.\s+Tag: gold ?silver\s+Until: May/.test(await anew.innerText().catch(() => "")));
});

test("that only the type of an argument was changed is shown, by itself and beside one whose value was", async () => {
  const tenant = await service.emptyTenant();
  const session = await signIn(tenant.sign_in_url);
  await changePolicy(session, "settles at once", (document) => ({ ...document, undo_window_s: 0 }));
  const mia = await person(chrome, { ...service, ...tenant });
  const decide = async (id, verdict) => {
    const { body } = await session(`/v1/drafts/${id}`);
    assert.equal((await session(`/v1/drafts/${id}/verdict`, { method: "PUT", body: verdictOn(body, verdict) })).status, 200);
  };
  const given = (args, change) => ({ body: { ...action("add_seats", { team: "Ops", ...args }), ...change } });
  const corrected = await mia.posted("Ty Corrected", given({ seats: "45" }));
  await decide(corrected, { kind: "edit", draft: { action: { name: "add_seats", args: { seats: 45, team: "Ops" } } }, one_off: false });
  const conversation = { id: randomUUID(), head: "m1", messages: [{ id: "m1", role: "customer", text: "Seats, please." }] };
  const first = await mia.posted("Ty Anew", given({ plan: "gold", seats: "45" }, { conversation }));
  await decide(first, { kind: "send_back", instruction: "A number, please, and not gold." });
  await mia.posted("Ty Anew", given({ plan: "silver", seats: 45 }, { conversation, supersedes: first }));
  await mia.page.goto(tenant.sign_in_url);
  const says = (part, out, lines) => soon(async () => {
    const said = await part.innerText().catch(() => "");
    return (await part.locator("del").allInnerTexts()).join(" ") === out && lines.every((line) => said.includes(line));
  });
  await says(mia.page.getByTestId("handover"), 'gold " "', ["Plan: goldsilver", 'seats: "45"', "Team: Ops"]);
  await mia.press("m");
  await says(mia.page.getByTestId("corrections").getByRole("listitem").first(), '" "', ['seats: "45"', "Team: Ops"]);
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("drafts that are approved together are shown with where they go and all they do", async () => {
  const mark = randomUUID().replaceAll("-", "").replaceAll(/\d/g, (digit) => "ghijklmnop"[digit]).slice(0, 8);
  const message = `A voucher ${mark}, please.`;
  const content = (change) => ({ text: `Your voucher ${mark} is worth a coffee.`, to: ["ada@customer.example"], subject: "Your voucher", ...change });
  const post = (name, change) => lead.posted(name, { body: { message, draft: content(change) } });
  await post("Gil First", {});
  await post("Gil Second", {});
  await post("Gil Third", { to: ["mallory@elsewhere.example"] });
  await post("Gil Fourth", { cc: ["mallory@elsewhere.example"] });
  await post("Gil Fifth", { subject: "Your bill" });
  await lead.posted("Gil Sixth", { body: { message, ...action("add_tag", { tag: "a coffee", pay_to: "mallory" }) } });
  await lead.press("Escape", "/");
  await lead.page.keyboard.type(mark);
  await soon(async () => (await lead.rows().count()) === 6);
  await lead.press("Enter");
  const row = (name) => lead.rows().filter({ hasText: name });
  await row("Gil First").click();
  await lead.press("g");
  const batch = lead.page.getByTestId("batch");
  await batch.getByRole("listitem").nth(1).waitFor();
  assert.equal(await batch.getByRole("listitem").count(), 2, "those that go elsewhere are not alike");
  for (const name of ["Third", "Fourth", "Fifth", "Sixth"]) await row(`Gil ${name}`).click({ modifiers: ["Control"] });
  const item = (name) => batch.getByRole("listitem").filter({ hasText: `Gil ${name}` });
  await item("First").getByText("ada@customer.example").waitFor();
  await item("Third").getByText("mallory@elsewhere.example").waitFor();
  await item("Fourth").getByText("mallory@elsewhere.example").waitFor();
  await item("Fifth").getByText("Your bill", { exact: true }).waitFor();
  await item("Sixth").getByText("mallory").waitFor();
  await lead.accessible("a batch of several kinds");
  await lead.press("Escape");
});

test("drafts that are chosen one by one are approved together, and the one in focus can be edited by itself", async () => {
  const tenant = await service.emptyTenant();
  const mia = await person(chrome, { ...service, ...tenant });
  const ids = [];
  for (const name of ["Hal First", "Hal Second", "Hal Third"]) ids.push(await mia.posted(name, { text: `Your lamp is lit, ${name}.`, body: { message: `Is it lit, ${name}?` } }));
  await mia.page.goto(tenant.sign_in_url);
  const batch = mia.page.getByTestId("batch");
  const chosen = (count) => async () => (await batch.getByRole("heading", { name: new RegExp(`^${count} drafts? chosen`) }).count()) === 1;
  await soon(async () => (await mia.heading()).startsWith("Hal First"));
  await mia.pressUntil("r", async () => (await mia.page.locator("#choice-title").count()) === 1);
  await mia.press("z");
  assert.equal(await batch.count(), 0, "who says why one is rejected chooses no others by that");
  await mia.press("Escape");
  for (const count of [1, 2, 3]) {
    await mia.pressUntil("z", chosen(count));
    if (count < 3) await mia.press("j");
  }
  await mia.press("r", "d");
  assert.equal(await mia.page.locator("#choice-title").count(), 0, "a choice is of one draft");

  // What is typed after E is never a command: `a` would approve all three.
  await mia.press("k");
  assert.match(await batch.locator("li", { hasText: "Hal Second" }).innerText(), /Edit/);
  await mia.pressUntil("e", mia.isWriting);
  await mia.page.keyboard.type("Ada asks: ");
  assert.equal(await mia.editor().inputValue(), "Ada asks: Your lamp is lit, Hal Second.");
  await mia.press("Escape");
  // What is being worded anew is not approved as the agent wrote it.
  await soon(chosen(2));
  // Nor unseen, where it is chosen again all the same.
  await mia.pressUntil("z", chosen(3));
  await batch.locator("li", { hasText: "Hal Second" }).getByText("You started to write here").waitFor();
  await batch.locator("li", { hasText: "Hal Second" }).getByRole("button", { name: "Leave out" }).press("Enter");
  await soon(chosen(2));
  await soon(() => mia.page.locator("#queue-list").evaluate((list) => list === document.activeElement));
  // A press on a row chooses, or leaves out, only where that is seen.
  for (const modifiers of [[], ["Control"]]) {
    await mia.pressUntil("e", mia.isWriting);
    await mia.rows().filter({ hasText: "Hal First" }).click({ modifiers });
    await soon(chosen(2));
    await mia.press("j");
  }
  await mia.pressUntil("e", mia.isWriting);
  await mia.press("Control+Enter");
  await soon(mia.undoShows("Hal Second"));
  await soon(chosen(2));
  await mia.accessible("a batch of which one is in focus");
  await mia.pressUntil("a", async () => (await mia.page.getByText("Approved 2 drafts").count()) === 1);
  const settled = await Promise.all(ids.map(mia.settled));
  assert.deepEqual(settled.map(({ status }) => status), ["approved", "edited", "approved"]);
  assert.equal(settled[1].outgoing.text, "Ada asks: Your lamp is lit, Hal Second.");
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("what can't be seen is spelt out in recipients, subject and arguments, too", async () => {
  await lead.posted("Dot Sends", { body: { draft: { text: "Hello.", to: [`ada${hidden("x")}@customer.example`], cc: ["\u202egro.elpmaxe@adb"], subject: `Refund${hidden("all")}` } } });
  await lead.open("Dot Sends");
  await form.getByText("Hello.").waitFor();
  assert.deepEqual(await ghosts(form), ["x", "U+202E", "all"]);
  await lead.posted("Dot Acts", { body: action("add_tag", { [`to${hidden("do")}`]: `Ada${hidden("eve")}` }) });
  await lead.open("Dot Acts");
  await form.locator(".field-row").first().waitFor();
  assert.deepEqual(await ghosts(form), ["do", "eve"]);
});

test("what takes no room is spelt out where it splits words, and left where it joins them", async () => {
  const family = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";
  const persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645";
  const smuggled = "\u{1f600}\ufe01\ufe02\u{e0101}";
  const text = `Pay\u200bpal, ad\u00admin, a\u200db ${family} ${persian} \u2764\ufe0f. ${smuggled}${"\u200b\u200b\u2060"}End.`;
  await lead.posted("Dot Splits", { text });
  await lead.open("Dot Splits");
  await form.getByText("End.").waitFor();
  assert.deepEqual(await ghosts(form), ["U+200B", "U+00AD", "U+200D", "U+FE01 U+FE02 U+E0101 ×3", "U+200B U+2060 ×3"]);
  const said = await form.locator(".body .words").innerText();
  for (const whole of [family, persian, "\u2764\ufe0f."]) assert.ok(said.includes(whole), whole);
});

test("an action's long text is edited with its lines, and nothing else of it is taken for changed", async () => {
  const place = "4 Larkspur Lane, Harrogate, North Yorkshire, GB";
  const body = "Dear Ada,\n\nyour parcel is on its way.\n\nLarkspur";
  const id = await lead.posted("Eva Letter", { body: action("send_letter", { body, place, options: {}, copies: [], note: "" }) });
  await lead.open("Eva Letter");
  await form.getByText("not in the catalogue").waitFor();
  const letter = form.getByLabel("Body");
  await lead.pressUntil("e", async () => letter.evaluate((field) => field.tagName === "TEXTAREA" && field === document.activeElement));
  assert.equal(await letter.inputValue(), body);
  assert.ok(await form.getByLabel("Place").evaluate((field) => field.scrollWidth <= field.clientWidth), "no end of a value is out of sight");
  await letter.press("ControlOrMeta+End");
  await lead.page.keyboard.type(" Team");
  await soon(async () => (await form.locator(".field-row.changed").count()) === 1);
  await lead.accessible("an action with a long text");
  await lead.press("Control+Enter");
  const { status, outgoing } = await lead.settled(id);
  assert.deepEqual([status, outgoing.action.args], ["edited", { body: `${body} Team`, place, options: {}, copies: [], note: "" }]);
});

test("what was begun of an action and discarded is neither shown nor sent", async () => {
  const id = await lead.posted("Eva Discards", { body: action("credit_seats", { seats: 40 }) });
  await lead.open("Eva Discards");
  const seats = form.getByLabel("Seats");
  const begin = () => lead.pressUntil("e", () => seats.evaluate((field) => field.tagName === "INPUT" && field === document.activeElement));
  await begin();
  await lead.page.keyboard.type("90");
  await lead.press("Escape");
  await form.getByRole("button", { name: "Discard them" }).press("Enter");
  await soon(() => lead.page.locator("#queue-list").evaluate((list) => list === document.activeElement));
  assert.equal(await form.getByText("your words are kept").count(), 0);
  await begin();
  assert.equal(await seats.inputValue(), "40");
  await lead.press("Control+Enter", "Escape");
  assert.equal(await lead.statusOf(id), "held");
});

test("what is known of a customer is shown, also what is a list or has members", async () => {
  const facts = { orders: ["A-1", "A-2"], seat: { city: "Oslo", since: 2021 }, pets: [] };
  await lead.posted("Fay Facts", { body: { customer: { id: "fay", name: "Fay Facts", facts } } });
  await lead.open("Fay Facts");
  const known = lead.page.locator("aside.why dl").last().locator("div");
  await soon(async () => (await known.count()) === 3);
  assert.deepEqual((await known.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " ")).sort(), ["orders A-1, A-2", "pets empty", "seat city: Oslo, since: 2,021"]);
});

test("a draft that names two messages or tags alike is shown like any other", async () => {
  const messages = ["One.", "Two.", "My refund, please."].map((text) => ({ id: "same", role: "customer", text }));
  await lead.posted("Kim Double", { body: { message: "My refund, please.", conversation: { id: randomUUID(), head: "same", messages }, customer: { id: "kim", name: "Kim Double", tags: ["vip", "vip"] } } });
  await lead.posted("Kim Next");
  await lead.open("Kim Double");
  assert.equal(await lead.page.locator(".messages li").count(), 3);
  await soon(async () => (await lead.page.locator("aside.why .chip").allInnerTexts()).filter((tag) => tag === "vip").length === 2);
  await lead.open("Kim Next");
});

test("a colleague with two windows is one colleague", async () => {
  const tenant = await service.emptyTenant();
  const mia = await signedIn(chrome, { ...service, ...tenant }, tenant.sign_in_url);
  const windows = await chrome.newContext();
  const noa = await person(windows, { ...service, ...tenant });
  await noa.page.goto(await tenant.invite("noa@larkspur.example", "reviewer"));
  const here = () => mia.page.locator("ul.people li").allInnerTexts();
  await soon(async () => (await here()).length === 1);
  const other = await windows.newPage();
  await other.goto(tenant.url);
  await other.locator('.live[data-state="on"]').waitFor();
  await mia.posted("Lea Waits");
  await mia.rows().filter({ hasText: "Lea Waits" }).waitFor();
  assert.equal((await here()).length, 1);
  assert.deepEqual(mia.errors, []);
  await windows.close();
  await mia.page.close();
});

/** How often the page asks who is signed in. */
const asksOf = (page) => {
  const asks = [];
  page.on("request", (request) => request.url().endsWith("/v1/session") && asks.push(request));
  return asks;
};

test("a page that stays open asks for its session again within the hour", async () => {
  const tenant = await service.emptyTenant();
  const mia = await person(chrome, { ...service, ...tenant });
  await mia.page.clock.install();
  await mia.page.goto(tenant.sign_in_url);
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  const asks = asksOf(mia.page);
  await mia.page.clock.fastForward("59:00");
  await soon(() => asks.length > 0);
  assert.equal((await (await asks[0].response()).json()).person.mail, "lead@empty.example");
  await mia.page.context().clearCookies();
  await mia.page.clock.fastForward("59:00");
  await mia.page.getByRole("heading", { name: "Your session has ended" }).waitFor();
  await mia.page.close();
});

test("whose secret is too old gets a new one, and what they did is not lost", async () => {
  const tenant = await service.emptyTenant();
  const mia = await signedIn(chrome, { ...service, ...tenant }, tenant.sign_in_url);
  const id = await mia.posted("Ole Returns");
  await soon(async () => (await mia.heading()).startsWith("Ole Returns"));
  const asks = asksOf(mia.page);
  let refusals = 1;
  await mia.page.route("**/verdict", (route) =>
    refusals-- > 0 ? route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"code":"session_required"}' }) : route.fallback());
  await mia.pressUntil("a", mia.undoShows("Ole Returns"));
  assert.equal((await mia.settled(id)).status, "approved");
  assert.equal(asks.length, 1);
  await mia.page.close();
});

test("a link that invites asks whoever is signed in already, and says who that is", async () => {
  const [here, elsewhere] = [await service.emptyTenant(), await service.emptyTenant()];
  const mia = await signedIn(chrome, { ...service, ...here }, here.sign_in_url);
  const asked = () => mia.page.getByRole("heading", { name: "You are signed in as lead" }).waitFor();
  const posts = [];
  mia.page.on("request", (request) => request.url().endsWith("/v1/sessions") && posts.push(request.method()));
  const tenantNow = () => mia.page.evaluate(async () => (await (await fetch("/v1/session")).json()).tenant.name);
  const before = await tenantNow();
  await mia.page.goto("about:blank");
  await mia.page.goto(elsewhere.sign_in_url);
  await asked();
  await mia.page.getByText(`lead@empty.example, ${before}.`).waitFor();
  await mia.accessible("the question");
  assert.deepEqual([posts, await tenantNow()], [[], before], "nothing was asked of the service");
  await mia.press("Enter");
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  assert.equal(await tenantNow(), before, "they stay who they are");
  await mia.page.goto(elsewhere.sign_in_url);
  await asked();
  await mia.page.getByRole("button", { name: "Use the invitation" }).press("Enter");
  await mia.page.getByRole("heading", { name: "All clear" }).waitFor();
  assert.notEqual(await tenantNow(), before);
  assert.deepEqual(mia.errors, []);
  await mia.page.close();
});

test("what could not be done is told with its cause, and Escape puts the notice away before it ends the search", async () => {
  const tenant = await service.emptyTenant();
  const mia = await person(chrome, { ...service, ...tenant });
  await mia.posted("Ira Away");
  await mia.page.goto(tenant.sign_in_url);
  await soon(async () => (await mia.heading()).startsWith("Ira Away"));
  const away = (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"code":"unavailable"}' });
  const told = mia.page.getByTestId("notices").locator("p span");
  await mia.press("/");
  await mia.page.keyboard.type("Ira");
  await mia.press("Enter");
  await mia.page.route("**/v1/leases", away);
  await mia.press("c");
  await soon(async () => (await told.allInnerTexts()).join() === "The service did not answer.");
  await mia.press("Escape");
  await soon(async () => (await told.count()) === 0);
  assert.equal(await mia.page.locator("#queue-search").inputValue(), "Ira");
  await mia.page.route("**/verdict", away);
  await mia.pressUntil("a", async () => (await mia.page.getByTestId("undo").count()) === 1);
  await soon(async () => /^Not done: Ira Away.*, Your refund\. The service did not answer\.$/.test((await told.allInnerTexts()).join()));
  // From the search itself Escape leaves the search.
  await mia.press("/", "Escape");
  await soon(async () => (await mia.page.locator("#queue-search").inputValue()) === "");
  assert.equal(await told.count(), 1);
  await mia.press("Escape");
  await soon(async () => (await told.count()) === 0);
  await mia.page.close();
});

test("the browser had nothing to complain about", () => assert.deepEqual(lead.errors, []));
