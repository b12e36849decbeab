// What a lead and an auditor do in a day, by keyboard alone, in real Chromium: the focus is never lost, an
// address always leads to what it names, and nothing that was typed is. Must not use the page's own state.
import assert from "node:assert/strict";
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
  assert.ok(await page.getByRole("button", { name: "Approve" }).isDisabled());
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

test("the browser had nothing to complain about", () => assert.deepEqual(lead.errors, []));
