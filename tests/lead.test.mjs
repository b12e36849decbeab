// What a lead and an auditor do in a day, by keyboard alone, in real Chromium: the focus is never lost, an
// address always leads to what it names, and nothing that was typed is. Must not use the page's own state.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { changePolicy, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { verdictOn } from "./countersign.mjs";
import { person, signedIn, soon } from "./person.mjs";

const { service, chrome } = await shared();
const tenant = { ...service, ...(await service.emptyTenant()) };
const lead = await signedIn(chrome, tenant, tenant.sign_in_url);
const { page, press } = lead;

/** What has the focus, as it is named. */
const focused = () => page.evaluate(() => document.activeElement.innerText || document.activeElement.getAttribute("aria-label"));
const has = (name) => soon(async () => (await focused()).replaceAll(/\s+/g, " ").startsWith(name));
const goTo = async (view) => {
  await page.goto(`${tenant.url}/${view}`);
  await page.getByRole("heading", { level: 2 }).first().waitFor();
};
const asked = (path) => page.evaluate(async (path) => (await fetch(`/v1${path}`)).json(), path);

test("whoever is asked once more, answers or not, stays where they were", async () => {
  await goTo("settings");
  const keys = page.getByTestId("keys").locator("> li");
  await page.getByLabel("Keys: Name").fill("night shift");
  await page.getByRole("button", { name: "Make a key" }).press("Enter");
  const key = keys.filter({ hasText: "night shift" });
  await key.getByRole("button", { name: "New secret" }).press("Enter");
  await has("Really? New secret");
  await press("Escape");
  await has("New secret night shift");
  assert.equal(await key.getByText("the secret before works").count(), 0, "Escape asks for nothing");
  await press("Enter", "Tab", "Enter");
  await has("New secret night shift");
  await press("Enter", "Enter");
  await key.getByText("the secret before works").waitFor();
  await has("The key ‘night shift’");
  await key.getByRole("button", { name: "Revoke" }).press("Enter");
  await press("Enter");
  await key.getByText("revoked").waitFor();
  assert.equal(await key.getByText("the secret before works").count(), 0, "none of its secrets does");
  await has("Keys");
  await page.getByLabel(/^Why\? Agents/).fill("a drill");
  await press("Tab", "Enter", "Enter");
  await page.getByTestId("stops").getByText("a drill").waitFor();
  await has("Stop and shadow");
  await page.getByRole("button", { name: "Lift everything" }).press("Enter");
  await press("Enter");
  await page.getByText("Nothing is stopped.").waitFor();
  await has("Stop and shadow");
});

test("an address leads to the draft that it names, though it waits no longer", async () => {
  const [gone, waiting] = [await lead.posted("Hal Decided"), await lead.posted("Hal Waits")];
  const texts = { kind: "edit", draft: { text: "Your refund arrived.", to: ["ada@customer.example"], subject: "Your refund" } };
  const elsewhere = await signIn(tenant.sign_in_url);
  await elsewhere(`/v1/drafts/${gone}/verdict`, { method: "PUT", body: verdictOn((await elsewhere(`/v1/drafts/${gone}`)).body, texts) });
  await lead.settled(gone);
  const isAt = (name, id) => soon(async () => (await lead.heading().catch(() => "")).startsWith(name) && page.url().endsWith(`/drafts/${id}`));
  await page.goto(`${tenant.url}/drafts/${gone}`);
  await isAt("Hal Decided", gone);
  await page.locator(".strip").getByText("No longer waiting: edited.").waitFor();
  await page.getByTestId("draft").getByText("Your refund arrived.").waitFor();
  await page.getByRole("button", { name: "It was wrong" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0, "what is out isn't approved again");
  await press("j");
  await isAt("Hal Waits", waiting);

  await press("i");
  await page.getByTestId("history").getByRole("link", { name: "Hal Decided" }).press("Enter");
  await isAt("Hal Decided", gone);
  await page.locator(".strip").getByText("No longer waiting: edited.").waitFor();
  await page.goBack();
  await page.getByTestId("history").waitFor();
  await page.goBack();
  await isAt("Hal Waits", waiting);

  await page.goto(`${tenant.url}/drafts/0199-of-nobody`);
  await page.getByRole("alert").getByText("The draft that this link names is not here").waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
});

test("one entry is found among many, and its dossier has an address", async () => {
  for (let at = 0; at < 60; at += 1) await lead.agent("DELETE", `/v1/drafts/${await lead.posted(`Ivo ${at}`)}`);
  await goTo("audit");
  const entries = page.getByTestId("audit").locator("> li");
  await soon(async () => (await entries.count()) === 100);
  await page.getByLabel("Filter by id, person or fact").fill("tenant created");
  await page.getByText("No entry among those loaded matches.").waitFor();
  await press("Enter");
  await entries.filter({ hasText: "tenant created" }).waitFor();
  await page.getByLabel("Filter by id, person or fact").fill("draft decided");
  await entries.first().locator("summary").press("Enter");
  await entries.first().getByRole("button", { name: "Dossier of the draft" }).press("Enter");
  const dossier = page.getByTestId("dossier");
  await dossier.getByText("Your refund arrived.").waitFor();
  assert.match(page.url(), /\/audit\/[0-9a-f-]{36}$/);
  assert.match(await dossier.innerText(), /settles at: \w+day, /, "a time is read as one");
  await page.goBack();
  await has(await entries.first().locator(".seq").innerText());
  await page.goForward();
  await page.reload();
  await dossier.getByText("Your refund arrived.").waitFor();
  await press("Tab", "Tab", "Enter");
  await soon(async () => (await entries.count()) === 100);
});

test("what an address names stays, though its conversation went on, and says why it is not in the queue", async () => {
  const conversation = { id: randomUUID(), head: "m1" };
  const older = await lead.posted("Uma Older", { body: { conversation } });
  const newer = await lead.posted("Uma Newer", { body: { conversation: { ...conversation, head: "m2" } } });
  const strip = page.locator(".strip");
  const isAt = (name) => soon(async () => (await lead.heading().catch(() => "")).startsWith(name));
  await page.goto(`${tenant.url}/drafts/${older}`);
  await isAt("Uma Older");
  await strip.getByText("No longer waiting: ").waitFor();
  // What happens elsewhere changes nothing in that, nor does a list that is fetched anew.
  await lead.posted("Uma Other");
  await lead.rows().filter({ hasText: "Uma Other" }).waitFor();
  await page.reload();
  await strip.getByText("No longer waiting: ").waitFor();
  await lead.rows().filter({ hasText: "Uma Other" }).waitFor();
  await isAt("Uma Older");
  assert.ok(page.url().endsWith(older));

  const colleague = await signIn(tenant.sign_in_url);
  const decided = async (id, verdict) => {
    const { body } = await colleague(`/v1/drafts/${id}`);
    assert.equal((await colleague(`/v1/drafts/${id}/verdict`, { method: "PUT", body: verdictOn(body, verdict) })).status, 200);
  };
  await decided(newer, { kind: "defer", until: new Date(Date.now() + 36e5).toISOString() });
  await page.goto(`${tenant.url}/drafts/${newer}`);
  await isAt("Uma Newer");
  await strip.getByText("Deferred until ").waitFor();

  const { body: policy } = await colleague("/v1/policy");
  await changePolicy(colleague, "two people decide", (document) => ({ ...document, defaults: { ...document.defaults, four_eyes: true } }));
  const twice = await lead.posted("Uma Twice");
  await decided(twice, { kind: "approve" });
  await page.goto(`${tenant.url}/drafts/${twice}`);
  await isAt("Uma Twice");
  await strip.getByText("it leaves when a second person agrees").waitFor();
  await changePolicy(colleague, "one person decides", () => policy.document);
});

test("a session that ends beside the review says so, and the policy's changes are kept", async () => {
  const browser = await chrome.newContext({ viewport: { width: 1440, height: 900 } });
  const before = await signedIn(browser, tenant, await tenant.invite("mia@empty.example", "lead"));
  const saved = await signIn(tenant.sign_in_url);
  const { version } = (await saved("/v1/policy")).body;
  await before.press("p");
  await before.page.getByLabel("Drafts that may wait at once").fill("4321");
  await before.page.getByLabel("Why does it change?").fill("we are few");
  await browser.clearCookies();
  await before.press("Enter");
  await before.page.getByRole("heading", { name: "Your session has ended" }).waitFor();

  // The link of the new invitation opens another tab; a colleague has saved a version by then.
  await changePolicy(saved, "a calmer queue", (document) => ({ ...document, queue_full_at: 777 }));
  const { page: tab } = await person(browser, tenant);
  await tab.goto(await tenant.invite("mia@empty.example", "lead"));
  await tab.getByRole("heading", { name: "Policy", level: 2 }).waitFor();
  const reason = tab.getByLabel("Why does it change?");
  await soon(async () => (await reason.inputValue()) === "we are few");
  assert.equal(await tab.getByLabel("Drafts that may wait at once").inputValue(), "4321");
  await reason.press("Enter");
  await tab.getByRole("alert").filter({ hasText: "Someone saved another version meanwhile" }).waitFor();
  assert.equal((await saved("/v1/policy")).body.version, version + 1, "what the colleague saved is not overwritten unseen");
  await tab.getByRole("button", { name: "Undo all changes" }).press("Enter");
  await soon(async () => (await tab.evaluate(() => document.activeElement.textContent)) === "Policy");
  await tab.getByLabel("Drafts that may wait at once").fill("4321");
  await reason.fill("we are few");
  await reason.press("Enter");
  await tab.getByText(`Saved: version ${version + 2} is active.`).waitFor();
  const { document } = (await saved("/v1/policy")).body;
  assert.deepEqual([document.queue_full_at, document.limits.open_drafts], [777, 4321]);
  await tab.reload();
  await tab.getByTestId("save").getByText("No changes").waitFor();
  await browser.close();
});

test("what a lead leaves unsaved is theirs alone, and the same in every tab of theirs", async () => {
  const browser = await chrome.newContext({ viewport: { width: 1440, height: 900 } });
  const first = await signedIn(browser, tenant, tenant.sign_in_url);
  const { page: second } = await person(browser, tenant);
  const limit = (tab) => tab.getByLabel("Drafts that may wait at once");
  const arrived = (tab) => tab.locator("#queue-list").or(limit(tab)).first().waitFor();
  for (const tab of [second, first.page]) {
    await tab.goto(`${tenant.url}/policy`);
    await limit(tab).waitFor();
  }
  const full = (tab) => tab.getByLabel("Queue counts as full at");
  const reason = (tab) => tab.getByLabel("Why does it change?");
  const both = async (wanted) => {
    for (const tab of [first.page, second]) await soon(async () => JSON.stringify([await limit(tab).inputValue(), await full(tab).inputValue()]) === JSON.stringify(wanted));
  };
  const before = await full(second).inputValue();
  await limit(first.page).fill("7654");
  await both(["7654", before]);
  await full(second).fill("543");
  await both(["7654", "543"]);
  await reason(second).fill("we are few");
  await soon(async () => (await reason(first.page).inputValue()) === "we are few");
  await reason(first.page).press("Enter");
  for (const tab of [first.page, second]) await tab.getByTestId("save").getByText(/No changes|is active/).waitFor();
  await soon(async () => (await second.getByText(/^Version \d+ is active/).innerText()) === (await first.page.getByText(/^Version \d+ is active/).innerText()));
  await limit(second).fill("1234");
  await both(["1234", "543"]);
  await first.page.getByRole("button", { name: "Undo all changes" }).click();
  await both(["7654", "543"]);
  await second.getByTestId("save").getByText("No changes").waitFor();

  // Changes of a version that came meanwhile stand in a tab that never showed it: it shows it then.
  const version = (tab) => tab.getByText(/^Version \d+ is active/).innerText();
  await changePolicy(await signIn(tenant.sign_in_url), "elsewhere", (document) => ({ ...document, undo_window_s: document.undo_window_s + 1 }));
  const old = await version(second);
  await first.page.reload();
  await soon(async () => (await version(first.page)) !== old);
  await limit(first.page).fill("8765");
  await soon(async () => (await version(second)) === (await version(first.page)));
  const text = second.getByTestId("policy-text");
  await text.fill(`${await text.inputValue()}\n`);
  await first.page.reload();
  await soon(async () => (await limit(first.page).inputValue()) === "8765");

  await browser.clearCookies();
  const { page: other } = await person(browser, tenant);
  await other.goto(await tenant.invite("lea@empty.example", "lead"));
  await arrived(other);
  await other.goto(`${tenant.url}/policy`);
  await other.getByTestId("save").getByText("No changes").waitFor();
  assert.notEqual(await limit(other).inputValue(), "8765");

  // To look at it again does not keep it for longer.
  await browser.clearCookies();
  await first.page.goto("about:blank");
  await first.page.goto(tenant.sign_in_url);
  await arrived(first.page);
  for (const [days, stays] of [[4, true], [8, false]]) {
    await first.page.clock.setFixedTime(Date.now() + days * 86_400_000);
    await first.page.goto(`${tenant.url}/policy`);
    await limit(first.page).waitFor();
    assert.equal((await limit(first.page).inputValue()) === "8765", stays, `after ${days} days`);
  }
  await browser.close();
});

test("a queue of which half is taken is filling up, not full", async () => {
  for (const name of ["Kim", "Lou", "Max"]) await lead.posted(`${name} Waits`);
  const { open } = (await asked("/queue?limit=0")).pressure;
  await changePolicy(await signIn(tenant.sign_in_url), "a shorter queue", (document) => ({ ...document, queue_full_at: Math.ceil(open * 1.5) }));
  await goTo("trust");
  await page.getByTestId("pressure").getByText("The queue is filling up.").waitFor();
});

test("a stop is told to whoever reviews, with its reason", async () => {
  await lead.posted("Pat Stopped");
  const colleague = await signedIn(chrome, tenant, await tenant.invite("noa@empty.example", "reviewer"));
  await page.goto(tenant.url);
  await page.getByTestId("draft").waitFor();
  await press("s");
  await page.getByLabel(/^Why\? Agents/).fill("the price list is wrong");
  await press("Tab", "Enter", "Enter");
  await page.getByTestId("stops").getByText("the price list is wrong").waitFor();
  await press("v");
  const told = page.getByTestId("strain").getByText("Everything is stopped: the price list is wrong");
  await told.waitFor();
  await colleague.page.reload();
  await colleague.page.getByTestId("strain").getByText("Everything is stopped: the price list is wrong").waitFor();
  await colleague.page.close();
  await press("s");
  await page.getByRole("button", { name: "Lift everything" }).press("Enter");
  await press("Enter");
  await page.getByText("Nothing is stopped.").waitFor();
  await press("v");
  await told.waitFor({ state: "detached" });
});

test("what waits for a lead, and what was lost, is told where one reviews", async () => {
  const days = (letters) => Array.from({ length: 15 }, (_, index) => [15 - index, letters]);
  const done = async (path, body) => assert.equal((await (await signIn(tenant.sign_in_url))(`/v1/development/${path}`, { method: "POST", body })).status, 204);
  await changePolicy(await signIn(tenant.sign_in_url), "two to earn their levels", (document) => ({
    ...document,
    queue_full_at: 10_000,
    categories: { ...document.categories, "shop.parcel": { start_level: 1, ceiling: 2 }, "shop.voucher": { start_level: 2, ceiling: 3, sample_rate: 0 } },
  }));
  await done("past", { category: "shop.parcel", agent: "support-bot", labels: days("cccccccccc") });
  await lead.posted("Nia Voucher", { body: { category: "shop.voucher" } });
  await done("past", { category: "shop.voucher", agent: "support-bot", since_days: 100 });
  await done("round");
  await page.goto(tenant.url);
  const told = page.getByTestId("strain");
  await told.getByRole("link", { name: "Lost a level: shop.voucher" }).waitFor();
  await told.getByRole("link", { name: "A step up waits for an answer" }).press("Enter");
  await page.getByTestId("proposals").getByRole("button", { name: /^Confirm the step/ }).press("Enter");
  await page.getByTestId("level-changes").getByText("shop.parcel: level 1 → 2").waitFor();
  await has("Proposed steps");
  await page.goBack();
  await told.getByRole("link", { name: "Lost a level" }).waitFor();
  await told.getByText("A step up waits").waitFor({ state: "detached" });
  await lead.accessible("what waits for a lead");

  // However much there is to tell, that nobody is on call and what is late soon are not left out.
  const colleague = await signIn(tenant.sign_in_url);
  const stopped = async (name, stops) => assert.equal((await colleague("/v1/stop", { method: "PUT", body: { covers: { scope: "category", name }, stopped: stops, reason: `no ${name}` } })).status, 200);
  const several = ["shop.one", "shop.two", "shop.three", "shop.four"];
  for (const name of several) await stopped(name, true);
  assert.equal((await colleague("/v1/rota", { method: "PUT", body: { shifts: [] } })).status, 200);
  await lead.posted("Nia Alone", { body: { category: "shop.one" } });
  await page.reload();
  for (const name of several) await told.getByText(`The category ${name} is stopped: no ${name}`).waitFor();
  await told.getByText("Nobody is on call").waitFor();
  for (const name of several) await stopped(name, false);
  const noa = await signIn(await tenant.invite("noa@empty.example", "reviewer"));
  const { proposals, levels_lost, policy_waits } = (await noa("/v1/queue/health")).body;
  assert.deepEqual([proposals, levels_lost, policy_waits], [undefined, undefined, undefined], "reviewers are not asked");
});

test("an auditor reads all of it, and is offered nothing that is refused", async () => {
  const auditor = await signedIn(chrome, tenant, await tenant.invite("aud@empty.example", "auditor"));
  await auditor.page.getByTestId("draft").waitFor();
  assert.equal(await auditor.page.getByRole("toolbar").count(), 0, "no verdict is theirs");
  await auditor.accessible("an auditor's review");
  await auditor.page.goto(`${tenant.url}/settings`);
  await auditor.page.getByText("Only the leads of your team can open this.").waitFor();
  await auditor.press("l");
  await auditor.page.getByTestId("audit").getByRole("listitem").first().waitFor();
  assert.deepEqual(auditor.errors, []);
  await auditor.page.close();
});

test("the weekly report on paper is the report alone", async () => {
  await changePolicy(await signIn(tenant.sign_in_url), "a full queue", (document) => ({ ...document, queue_full_at: 1 }));
  await goTo("trust");
  await page.getByTestId("trust-tiles").waitFor();
  await page.getByTestId("pressure").waitFor();
  await page.emulateMedia({ media: "print" });
  const isShown = (name) => page.getByRole("main").getByText(name).first().isVisible();
  assert.deepEqual([await isShown(/^Trust report, /), await isShown("The last four weeks")], [true, true]);
  assert.deepEqual([await isShown("As a table"), await isShown("What each category has earned"), await page.getByTestId("pressure").isVisible()], [false, false, false]);
  await page.emulateMedia({ media: null });
});

test("the browser had nothing to complain about", () => assert.deepEqual(lead.errors, []));
