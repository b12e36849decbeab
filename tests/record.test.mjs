// The record on the page, as whoever answers for one decision uses it. Must not use the page's own state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shared } from "./browser.mjs";
import { signedIn } from "./person.mjs";

const { service, chrome } = await shared();
const lead = await signedIn(chrome, service);

test("a draft's dossier is opened from the log, and prints alone and whole", async () => {
  const { page, press, accessibleEverywhere } = lead;
  const asked = (path) => page.evaluate(async (path) => (await fetch(`/v1${path}`)).json(), path);
  const [{ id }] = (await asked("/queue")).drafts;
  const { draft, owner } = await asked(`/drafts/${id}`);
  await press("l");
  await page.getByRole("heading", { level: 2, name: "Audit log" }).waitFor();
  await page.getByLabel("Filter by id, person or fact").fill(`draft routed ${id}`);
  const saidAtOnce = await page.getByTestId("audit").locator("summary").first().innerText();
  assert.match(saidAtOnce, new RegExp(`draft routed .* · ${id.slice(-6)}`), "an entry is known from its like before it is opened");
  await page.getByTestId("audit").locator("summary").first().click();
  await page.getByRole("button", { name: "Dossier of the draft" }).click();
  const dossier = page.getByTestId("dossier");
  await dossier.getByText("Nobody decided on it.").waitFor();
  const said = await dossier.innerText();
  for (const text of [id, draft.message, draft.draft.text ?? draft.draft.action.name, "draft routed"]) assert.ok(said.includes(text), text);
  assert.ok(owner.id && /Owner: \S/.test(said));
  await accessibleEverywhere("dossier");

  await page.emulateMedia({ media: "print" });
  assert.equal(await page.getByRole("button", { name: "Print" }).isVisible(), false);
  assert.equal(await page.getByRole("banner").isVisible(), false);
  const clipped = await dossier.evaluate((element) => {
    const above = [];
    for (let one = element; one; one = one.parentElement) if (one.scrollHeight > one.clientHeight + 1 && getComputedStyle(one).overflowY !== "visible") above.push(one.className);
    return above;
  });
  assert.deepEqual(clipped, [], "nothing is cut off");
  await page.emulateMedia({ media: null });
  await page.getByRole("button", { name: "Back to the log" }).click();
  await page.getByTestId("audit").waitFor();
});
