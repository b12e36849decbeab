// The views beside the review in real Chromium, against what `npm start` serves: policy, trust, memory,
// audit log and settings. Must not use the page's own state: what is asserted is what a person sees,
// and what the service then says.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { localSecrets } from "../scripts/secrets.mjs";
import { changePolicy, createTenant, signIn } from "../scripts/service.mjs";
import { shared } from "./browser.mjs";
import { draft, verdictOn } from "./countersign.mjs";
import { person, soon } from "./person.mjs";
import { receive } from "./receiver.mjs";

const { service, chrome } = await shared();
const lead = await person(chrome, service);
const { page } = lead;
await page.goto(service.sign_in_url);
await page.getByTestId("draft").waitFor();

const press = (...keys) => lead.press(...keys);
/** What the service says to whoever is signed in on the page. */
const asked = (path) => page.evaluate(async (path) => (await fetch(`/v1${path}`)).json(), path);
/** Does something as the lead who is signed in there; the answer's status. */
const done = (method, path, body) =>
  page.evaluate(
    async ([method, path, body]) => (await fetch(`/v1${path}`, { method, body, headers: { "content-type": "application/json" } })).status,
    [method, path, body && JSON.stringify(body)],
  );

const accessible = (name) => lead.accessibleEverywhere(name);

/** Opens a view by its key. */
async function opened(key, title) {
  // No key leads away while a field has it.
  await page.locator("h2").first().click();
  await press(key);
  await page.getByRole("heading", { level: 2, name: title, exact: true }).waitFor();
}

/** Saves the policy as it stands in the form. */
async function savePolicy(reason) {
  await page.getByLabel("Why does it change?").fill(reason);
  await page.getByRole("button", { name: "Save as new version" }).click();
}

const whatIf = () => page.getByTestId("what-if");
const headline = async () => (await whatIf().locator(".headline").innerText()).trim();

test("the policy shows its guardrails as sentences beside their text", async () => {
  await opened("p", "Policy");
  await page.getByTestId("guardrails").getByText("more than US$100.00 moves").waitFor();
  assert.match(await page.getByTestId("policy-text").inputValue(), /"name": "large refunds"/);
  assert.match(await page.title(), /^(\(\d+\) )?Policy · Countersign$/);
  await accessible("policy");
});

test("a guardrail is written by keyboard, and the linter speaks as one types", async () => {
  await page.getByRole("button", { name: "Add a guardrail" }).focus();
  await press("Enter");
  const card = page.getByTestId("guardrails").locator("> li").last();
  await soon(() => card.getByLabel("Name").evaluate((field) => field === document.activeElement));
  await press("ControlOrMeta+a");
  await page.keyboard.type("quick cancellations");
  await card.getByLabel("goes out").focus();
  await press("Space");
  await page.getByTestId("findings").getByText("a rule that releases says why").waitFor();
  assert.ok(await page.getByTestId("save").getByRole("button", { name: "Save" }).isDisabled(), "a fault can't be saved");
  await card.getByLabel("Because").focus();
  await page.keyboard.type("They can be taken back.");
  await card.getByRole("combobox", { name: "Add a condition" }).selectOption("action");
  // A refund can't be undone: that one is held whatever a rule says.
  await card.getByLabel("action", { exact: true }).last().fill("cancel_subscription");
  await page.getByTestId("findings").locator('[data-code="releases_high_stakes"]').waitFor();
  assert.match(await page.getByTestId("policy-text").inputValue(), /"name": "quick cancellations"/, "the text follows the form");
  await card.getByRole("button", { name: "Remove ‘quick cancellations’" }).click();
  await soon(async () => (await page.getByTestId("findings").locator('[data-code="releases_high_stakes"]').count()) === 0);
});

test("the form follows the text, and a text that is broken loses nothing", async () => {
  const area = page.getByTestId("policy-text");
  const text = await area.inputValue();
  await area.fill(text.replace('"public replies"', '"what everyone reads"'));
  await page.getByTestId("guardrails").getByText("what everyone reads", { exact: true }).waitFor();
  await area.fill(text.slice(0, -3));
  await page.getByRole("alert").filter({ hasText: "Not JSON yet" }).waitFor();
  assert.ok(await page.getByTestId("guardrails").getByText("what everyone reads", { exact: true }).isVisible());
  await page.reload();
  await page.getByRole("alert").filter({ hasText: "Not JSON yet" }).waitFor();
  assert.equal(await area.inputValue(), text.slice(0, -3), "a reload keeps what was typed");
  await area.fill(text);
  await page.getByTestId("save").getByText("No changes").waitFor();
});

test("moving a level or a threshold shows at once what would have gone out, and what had been corrected", async () => {
  // The view reads the record when it is opened: by then all that was decided has to be in it.
  await lead.recorded();
  await page.reload();
  await soon(async () => (await headline()) === "The same drafts would have gone out and waited.");
  const before = await asked("/policy");
  await whatIf().getByLabel("Level to try for support.how_to").selectOption("3");
  await soon(async () => /more would have gone out; \d+ of them had been corrected/.test(await headline()));
  const [, released] = (await headline()).match(/^(\d+) more/);
  const service = await page.evaluate(async () => {
    const body = JSON.stringify({ days: 30, levels: { "support.how_to": 3 } });
    return (await fetch("/v1/policy:backtest", { method: "POST", body, headers: { "content-type": "application/json" } })).json();
  });
  assert.equal(Number(released), service.total.newly_released.drafts, "the browser counts as the service does");
  assert.ok(await whatIf().getByText("Would go out, and had been corrected").isVisible());
  await accessible("policy, what if");
  await whatIf().getByLabel("Level to try for support.how_to").selectOption("2");
  const lenient = await headline();
  const slider = whatIf().getByRole("slider", { name: "Confidence needed, every category" });
  await slider.focus();
  await press("End");
  await soon(async () => (await headline()) !== lenient);
  assert.deepEqual(await asked("/policy"), before, "nothing was saved");
  await page.getByRole("button", { name: "Undo all changes" }).click();
});

test("a change is saved with its reason, compared, and taken back", async () => {
  const { version } = await asked("/policy");
  await page.getByTestId("guardrails").getByText("public replies").click();
  await page.getByTestId("guardrails").getByLabel("Because").fill("Everyone can read it, for ever.");
  await savePolicy("says why more clearly");
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

test("what lets more out waits until a second lead confirms it", async () => {
  const { version } = await asked("/policy");
  await page.reload();
  await page.getByLabel("What lets more out needs a second lead").check();
  await savePolicy("four eyes on what goes out");
  await page.getByTestId("save").getByText(`Saved: version ${version + 1} is active.`).waitFor();

  await page.getByTestId("guardrails").getByText("public replies", { exact: true }).click();
  await page.getByRole("button", { name: "Remove ‘public replies’" }).click();
  await savePolicy("public replies are fine by now");
  const mine = page.getByTestId("waiting-policy");
  await mine.getByText("another lead has to confirm it").waitFor();
  await mine.getByText("“public replies” no longer holds what it held.").waitFor();
  await page.getByTestId("guardrails").getByText("public replies", { exact: true }).waitFor();
  assert.equal((await asked("/policy")).version, version + 1, "the active one stays");
  assert.equal(await mine.getByRole("button", { name: "Confirm as second lead" }).count(), 0);
  await accessible("policy, a change waits");

  const second = await person(chrome, service);
  await second.page.goto(await service.invite("rae@larkspur.example", "lead"));
  await second.page.getByTestId("strain").getByRole("link", { name: "A change of the policy waits for a second lead" }).press("Enter");
  const theirs = second.page.getByTestId("waiting-policy");
  await theirs.getByText("public replies are fine by now").waitFor();
  await theirs.getByText("What it changes").click();
  await theirs.getByTestId("version-diff").locator("del").filter({ hasText: "public replies" }).first().waitFor();
  await theirs.getByRole("button", { name: "Confirm as second lead" }).press("Enter");
  await second.page.getByText(`Confirmed: version ${version + 2} is active.`).waitFor();
  await theirs.waitFor({ state: "detached" });
  const now = await asked("/policy");
  assert.equal(now.version, version + 2);
  assert.ok(now.document.guardrails.every((one) => one.name !== "public replies"));

  // What one lead asks for another declines, or takes back.
  await page.reload();
  const proposed = async (reason) => {
    await page.getByTestId("guardrails").getByText("serious incidents", { exact: true }).click();
    await page.getByRole("button", { name: "Remove ‘serious incidents’" }).click();
    await savePolicy(reason);
    await mine.getByText(reason).waitFor();
  };
  await proposed("nothing is serious");
  await second.page.reload();
  await theirs.getByText("nothing is serious").waitFor();
  await theirs.getByRole("button", { name: "Decline" }).press("Enter");
  await theirs.waitFor({ state: "detached" });
  await page.reload();
  await proposed("on second thoughts");
  await mine.getByRole("button", { name: "Take it back" }).press("Enter");
  await mine.waitFor({ state: "detached" });
  const stays = await asked("/policy");
  assert.deepEqual([stays.version, stays.other_waits], [version + 2, false]);
  assert.deepEqual(second.errors, []);
  await second.page.close();
  const { id } = (await asked("/people")).people.find(({ mail }) => mail === "rae@larkspur.example");
  assert.equal(await done("PUT", `/people/${id}/role`, { role: "reviewer" }), 200, "one lead is left");
});

test("the log is verified and an entry proved in the browser", async () => {
  await opened("l", "Audit log");
  await page.getByRole("button", { name: "Verify the log" }).click();
  await soon(async () => (await page.getByTestId("verification").getAttribute("data-sound")) === "true");
  const { size } = await asked("/audit/checkpoint");
  assert.match(await page.getByTestId("verification").innerText(), /each what its hash was made of, none missing/);
  assert.ok(size > 50);
  const [{ entry }] = (await asked("/audit?limit=1")).entries;
  const newest = page.getByTestId("audit").locator("> li").filter({ hasText: new RegExp(`^${entry.seq}\\D`) });
  assert.equal(await newest.locator("time").innerText(), new Date(entry.at_ms).toLocaleTimeString("en-GB"), "entries of one minute are told apart");
  await page.getByLabel("Filter by id, person or fact").fill("policy changed");
  const first = page.getByTestId("audit").locator("> li").first();
  await first.locator("summary").click();
  await first.getByRole("button", { name: /Prove this entry/ }).click();
  await first.getByText("holds exactly this one").waitFor();
  await accessible("audit log");
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export" }).click();
  const lines = readFileSync(await (await saved).path(), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(lines.length >= size && lines.every(({ entry }, at) => entry.seq === at), "every entry, in order");
  // Verifying is seen to go on.
  assert.equal(await page.getByTestId("verification").getAttribute("data-sound"), "true");

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

test("leads invite people, make keys, and hold everything with its reason", async () => {
  await opened("s", "Settings");
  await page.getByTestId("people").waitFor();
  await page.getByLabel("Mail address").fill("tom@example.com");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const secret = page.getByTestId("secret");
  await soon(async () => /#invitation=csi_/.test(await secret.first().inputValue().catch(() => "")));
  await page.getByLabel("Role of tom@example.com").selectOption("auditor");
  await soon(async () => (await asked("/people")).people.find((one) => one.mail === "tom@example.com")?.role === "auditor");
  await page.getByLabel("Role of lead@larkspur.example").selectOption("reviewer");
  await page.getByRole("alert").filter({ hasText: "at least one lead" }).waitFor();
  assert.equal(await page.getByLabel("Role of lead@larkspur.example").inputValue(), "lead", "what was refused is taken back");

  await page.getByLabel("Keys: Name").fill("night shift");
  await page.getByRole("button", { name: "Make a key" }).click();
  const key = page.getByTestId("keys").locator("> li").filter({ hasText: "night shift" });
  await key.getByText("never used").waitFor();
  const [made, again] = [() => page.locator("#keys").getByTestId("secret").inputValue().catch(() => ""), "Really? New secret night shift"];
  await soon(async () => (await made()).startsWith("csa_"));
  const first = await made();
  await key.getByRole("button", { name: "New secret" }).press("Enter");
  await key.getByRole("button", { name: again }).press("Enter");
  await key.getByText(/the secret before works until/).waitFor();
  assert.notEqual(await made(), first);
  await key.getByRole("button", { name: "Revoke" }).press("Enter");
  await key.getByRole("button", { name: "Really? Revoke" }).press("Enter");
  await key.getByText(/revoked/).waitFor();

  await page.getByText("Limit what it may do").press("Enter");
  await page.getByLabel("Only this agent").fill("refund-agent");
  await page.getByLabel("Only these categories, separated by commas").fill("billing.refund, billing.invoice,");
  await page.getByLabel("Messages or actions").selectOption("only actions");
  for (const kind of ["Policy", "Agent"]) await page.getByLabel("Keys: For").selectOption(kind);
  await page.getByLabel("Only this agent").waitFor();
  await page.getByLabel("Keys: Name").fill("refunds");
  await page.getByLabel("Keys: Name").press("Enter");
  await page.getByTestId("keys").getByText("only refund-agent · billing.refund and billing.invoice · actions").waitFor();
  assert.equal(await page.getByLabel("Only this agent").inputValue(), "", "the next key is not limited by what was typed for this one");
  const headers = { authorization: `Bearer ${await made()}`, "content-type": "application/json", "idempotency-key": randomUUID() };
  const posted = await fetch(`${service.url}/v1/drafts`, { method: "POST", headers, body: JSON.stringify(draft({ agent: "refund-agent" })) });
  assert.match((await posted.json()).detail, /^`\/kind`/, "of this agent and category, but no action");
  await accessible("settings");

  await page.getByLabel(/^Why\? Agents/).fill("a drill");
  await page.getByRole("button", { name: "Stop now" }).click();
  await page.getByRole("button", { name: "Really? Stop now" }).click();
  await page.getByTestId("stops").getByText("a drill").waitFor();
  assert.equal((await asked("/stop")).stops[0].reason, "a drill");
  await page.getByRole("button", { name: "Lift everything" }).click();
  await page.getByRole("button", { name: "Really? Lift everything" }).click();
  await page.getByText("Nothing is stopped.").waitFor();
});

test("leads limit agents, and measure by known-bad drafts whether reviewers look", async () => {
  const { version } = await asked("/policy");
  await opened("p", "Policy");
  await page.getByLabel("Drafts that may wait at once").fill("5000");
  await page.getByLabel("Held drafts with a known-bad one beside, %").fill("100");
  await page.getByLabel("Queue counts as full at").fill("1");
  await savePolicy("see who looks");
  await page.getByTestId("save").getByText(`Saved: version ${version + 1} is active.`).waitFor();
  assert.equal((await asked("/policy")).document.limits.open_drafts, 5000);
  await opened("s", "Settings");
  const part = page.locator("#known-bad");
  await part.getByText("Beside 100% of what is held, one is put.").waitFor();
  const written = { "What the customer writes": "Where is my refund?", "The bad draft": "We refund 9,999 dollars today.", "What is wrong with it": "a made-up sum" };
  for (const [label, text] of Object.entries(written)) await part.getByLabel(label).fill(text);
  await part.getByRole("button", { name: "Add it" }).press("Enter");
  const kept = page.getByTestId("seeds").locator("> li").filter({ hasText: "a made-up sum" });
  await kept.getByText("nobody has met it yet").waitFor();

  const reviewer = await person(chrome, service);
  await reviewer.page.goto(await service.invite("wil@larkspur.example", "reviewer"));
  await reviewer.page.getByTestId("draft").waitFor();
  await reviewer.posted("Wil Looks");
  await reviewer.press("/");
  await reviewer.page.keyboard.type("where is my refund?");
  const planted = reviewer.rows().filter({ hasText: "Where is my refund?" });
  await planted.first().click();
  await soon(async () => (await reviewer.page.getByTestId("draft").innerText().catch(() => "")).includes("9,999"));
  await reviewer.pressUntil("a", async () => (await planted.count()) === 0);
  await soon(async () => (await asked("/seeds")).seeds[0].met === 1);
  assert.deepEqual(reviewer.errors, []);
  await reviewer.page.close();

  await opened("t", "Trust");
  await page.getByTestId("pressure").getByText(/The queue is full/).waitFor();
  await opened("s", "Settings");
  await page.getByTestId("vigilance").getByText("caught 0 of 1").waitFor();
  await accessible("settings, known-bad drafts");
  await kept.getByRole("button", { name: "Retire" }).press("Enter");
  await kept.getByRole("button", { name: "Really? Retire" }).press("Enter");
  await kept.waitFor({ state: "detached" });
  const calm = ({ vigilance: _, ...document }) => ({ ...document, queue_full_at: 10_000 });
  await changePolicy(await signIn(service.sign_in_url), "as before", calm);
});

test("rows that the record's copy refused stand among the dead letters, to be tried again", async () => {
  // What D1 refuses faults.test.mjs tries; here one stands in the service's own answer.
  const copy = { id: "copy-7", kind: "draft", about: "0199-copied", error: "not this one", set_aside_at: new Date().toISOString() };
  const tried = [];
  await page.route("**/v1/dead-letters?*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), copies: tried.length ? [] : [copy] } });
  });
  await page.route("**/v1/dead-letters/copy-7/replay", (route) => (tried.push(route.request().method()), route.fulfill({ status: 204 })));
  await opened("m", "Memory");
  await opened("s", "Settings");
  const row = page.getByTestId("copies").locator("> li");
  await row.getByText("refused: not this one").waitFor();
  await accessible("settings, a refused copy");
  await row.getByRole("button", { name: "Try again draft 0199-copied" }).press("Enter");
  await row.waitFor({ state: "detached" });
  assert.deepEqual(tried, ["POST"]);
  await page.unroute("**/v1/dead-letters?*");
});

test("trust shows what was earned and lost, its charts with their tables, and lets a lead confirm a step", async () => {
  const accountOf = async (category) => {
    const { categories } = await asked("/trust");
    const { agent, agent_version } = categories.find((one) => one.category === category).agents[0];
    return { category, agent, agent_version };
  };
  const days = Array.from({ length: 14 }, (_, index) => [14 - index, "cccccccccc"]);
  assert.equal(await done("POST", "/development/past", { ...(await accountOf("billing.invoice")), labels: days }), 204);
  assert.equal(await done("POST", "/development/past", { ...(await accountOf("feedback.feature")), since_days: 100 }), 204);
  assert.equal(await done("POST", "/development/round"), 204);

  await opened("t", "Trust");
  await page.getByTestId("trust-tiles").getByText("Approved as drafted").waitFor();
  const row = page.getByTestId("trust-categories").locator("> li").filter({ hasText: "support.how_to" });
  await row.locator("summary").press("Enter");
  await row.getByText(/^labels: \d+ of 100/).waitFor();
  await row.getByText(/certain by now: .* right, 95% needed/).waitFor();
  await page.getByTestId("level-changes").getByText("feedback.feature: level 2 → 1").waitFor();
  await page.getByTestId("level-changes").getByText(/too few releases were looked at .* by itself/).waitFor();

  const charts = page.getByTestId("charts").locator("figure");
  assert.equal(await charts.locator("canvas").count(), 3);
  for (const chart of await charts.all()) {
    await chart.locator("summary").click();
    await chart.getByRole("columnheader", { name: "Week from" }).waitFor();
    assert.ok((await chart.locator("tbody tr").count()) >= 1);
  }
  await accessible("trust");

  const proposal = page.getByTestId("proposals").locator("> li").filter({ hasText: "billing.invoice: level 1 → 2" });
  await proposal.getByText(/Of the last 1\d\d labelled drafts/).waitFor();
  await proposal.getByText("no draft of it is on record yet").waitFor();
  assert.ok(await proposal.getByRole("button", { name: "Decline" }).isDisabled(), "declining needs a reason");
  await proposal.getByRole("button", { name: "Confirm the step" }).press("Enter");
  await page.getByTestId("level-changes").getByText("billing.invoice: level 1 → 2").waitFor();
  assert.equal((await asked("/trust")).categories.find((one) => one.category === "billing.invoice").agents[0].level, 2);
});

test("memory tells what each correction was used for and where it is from, finds one by meaning, and retires it", async () => {
  assert.equal(await done("POST", "/corrections:import?source=an%20old%20inbox", { message: "Coupons?", draft: "No.", corrected: "Yes, until June." }), 200);
  const { corrections } = await asked("/corrections");
  const known = corrections.find((one) => one.category === "billing.refund");
  const id = await lead.posted("Memory Tester", { body: { examples_used: [known.id] } });
  assert.equal(await done("PUT", `/drafts/${id}/verdict`, verdictOn(await asked(`/drafts/${id}`), { kind: "approve" })), 200);
  await soon(async () => (await asked("/corrections")).corrections.find((one) => one.id === known.id).used > 0);

  await opened("m", "Memory");
  const found = page.getByTestId("corrections").locator("> li");
  await found.nth(corrections.length - 1).waitFor();
  await found.filter({ hasText: "Coupons?" }).getByText(/^imported from an old inbox · /).waitFor();
  await soon(async () => (await page.getByTestId("by-words").count()) === ((await asked("/health")).retrieval === "bm25" ? 1 : 0));
  await accessible("memory");
  await page.getByLabel("Search by meaning").fill("charged by mistake, wants the money back");
  await page.getByText(/closest first/).waitFor();
  const first = found.first();
  await first.getByText(known.message).waitFor();
  await first.getByText("1 draft was written with it; every one was right").waitFor();
  await first.getByText("Where it was used").click();
  await first.getByTestId("uses").locator("li").filter({ hasText: "Memory Tester" }).getByText("Approved").waitFor();
  await first.getByRole("button", { name: "Retire" }).press("Enter");
  await first.getByRole("button", { name: "Really? Retire" }).press("Enter");
  await page.getByLabel("Search by meaning").fill("");
  await found.filter({ hasText: known.message }).getByText("retired: no example any more").waitFor();
});

test("who is told what: a webhook is made, what it refused is tried again", async () => {
  let status = 410;
  const receiver = await receive(() => status);
  await opened("s", "Settings");
  await page.getByLabel("Address, https").fill(`${receiver.url}/hook`);
  await page.getByLabel("decided drafts").check();
  await page.getByRole("button", { name: "Add a webhook" }).press("Enter");
  const secret = () => page.locator("#webhooks").getByTestId("secret").inputValue().catch(() => "");
  await soon(async () => (await secret()).startsWith("whsec_"));
  const before = await secret();

  const id = await lead.posted("Webhook Tester");
  assert.equal(await done("PUT", `/drafts/${id}/verdict`, verdictOn(await asked(`/drafts/${id}`), { kind: "approve" })), 200);
  await soon(async () => (await asked("/dead-letters")).dead_letters.length === 1);
  await opened("m", "Memory");
  await opened("s", "Settings");
  const letter = page.getByTestId("dead-letters").locator("> li");
  await letter.getByText(`draft.decided ${id}`).first().waitFor();
  await letter.getByText(/last answer: 410/).waitFor();
  await accessible("settings, a dead letter");

  await letter.getByRole("button", { name: "Try again" }).press("Enter");
  await page.locator("#dead-letters").getByRole("alert").getByText("wants no more: make a new secret").waitFor();
  status = 204;
  const hook = page.getByTestId("webhooks").locator("> li");
  await hook.getByText(/its receiver wanted no more/).waitFor();
  await hook.getByRole("button", { name: "New secret" }).press("Enter");
  await hook.getByRole("button", { name: "Really? New secret" }).press("Enter");
  await soon(async () => ![before, ""].includes(await secret()));
  await letter.getByRole("button", { name: "Try again" }).press("Enter");
  await page.getByText("Every message was taken.").waitFor();
  await soon(() => receiver.calls.length === 2);
  assert.equal(JSON.parse(receiver.calls[1].body).data.id, id);
  await receiver.stop();
});

test("the weekly report prints as a page of its own: figures, charts, tables, and nothing to press", async () => {
  await opened("t", "Trust");
  await page.getByTestId("charts").locator("canvas").first().waitFor();
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  await page.getByText("Trust report, Larkspur (demo)").waitFor();
  for (const hidden of [page.getByRole("navigation"), page.getByRole("button", { name: "Print the weekly report" })]) {
    assert.equal(await hidden.first().isVisible(), false);
  }
  assert.ok(await page.getByTestId("trust-tiles").isVisible());
  const heights = await page.evaluate(() => [document.querySelector(".view").clientHeight, document.querySelector(".view").scrollHeight]);
  assert.ok(heights[0] >= heights[1], "nothing of it is scrolled away");
  const pdf = await page.pdf({ format: "A4" });
  assert.ok(pdf.length > 20_000);
  await page.emulateMedia({ media: "screen" });
});

test("an empty tenant is led to a first draft, posted from the page and decided", async () => {
  const { sign_in_path } = await createTenant(service.url, localSecrets().OPERATOR_SECRET, { name: `Fernhill ${randomUUID()}`, lead: "ada@fernhill.example" });
  const ada = await person(chrome, service);
  await ada.page.goto(service.url + sign_in_path);
  await ada.page.getByRole("link", { name: "No agent posts yet? Take the first steps" }).press("Enter");
  const steps = ada.page.getByTestId("first-steps");
  await steps.getByRole("button", { name: "Make the key" }).press("Enter");
  await soon(async () => (await steps.getByTestId("secret").inputValue().catch(() => "")).startsWith("csa_"));
  await ada.accessible("first steps");
  await steps.getByLabel("What a customer wrote").fill("Do you open on Sundays?");
  await steps.getByRole("button", { name: "Post it" }).press("Enter");
  await steps.getByText("It waits for a verdict").waitFor();
  await steps.getByRole("link", { name: "Open the review" }).press("Enter");
  await ada.page.getByTestId("draft").waitFor();
  await ada.page.getByText("Do you open on Sundays?").first().waitFor();
  await ada.pressUntil("a", async () => /You hold its agent's key/.test(await ada.page.getByTestId("notices").innerText()));
  await ada.page.getByTestId("draft").waitFor();
  await ada.page.getByRole("button", { name: "Dismiss" }).press("Enter");
  await ada.page.goBack();
  await steps.getByRole("button", { name: "I work alone: let me approve it" }).press("Enter");
  await ada.page.locator("#first").filter({ hasText: "Your first draft is posted" }).getByText("You may let it out").waitFor();
  await ada.accessible("first steps, posted");
  await steps.getByRole("link", { name: "Open the review" }).press("Enter");
  await ada.page.getByTestId("draft").waitFor();
  await ada.pressUntil("a", async () => (await ada.page.getByTestId("undo").count()) === 1);
  await ada.page.getByRole("heading", { name: "All clear" }).waitFor();
  assert.equal(await ada.page.getByRole("link", { name: /first steps/ }).count(), 0, "they have been taken");
  assert.deepEqual(ada.errors, []);
  await ada.page.close();
});

test("nothing on these pages went wrong unseen", () => assert.deepEqual(lead.errors, []));
