// A queue of many drafts for the page: those that wait for real come first, copies of them after. Only
// the list is made up; each answer has the service's own shape, and everything else is the service's.
import { randomUUID } from "node:crypto";

const DAY_MS = 86_400_000;
const PAGE = 200;

/** Lets the page's queue be longer by as many drafts as asked, for the pages that are opened from now on. */
export async function crowd(page, count) {
  let drafts;
  await page.route("**/v1/queue?*", async (route) => {
    const url = new URL(route.request().url());
    const from = Number(url.searchParams.get("cursor") ?? 0);
    // A cursor of ours is none of the service's.
    url.searchParams.delete("cursor");
    const answer = await route.fetch({ url: url.href });
    if (!answer.ok()) return route.fulfill({ response: answer });
    const body = await answer.json();
    drafts ??= copies(body.drafts, count);
    const next_cursor = from + PAGE < drafts.length ? String(from + PAGE) : null;
    return route.fulfill({ response: answer, json: { ...body, drafts: drafts.slice(from, from + PAGE), next_cursor } });
  });
}

function copies(real, count) {
  const held = real.filter((draft) => draft.status === "held");
  const made = Array.from({ length: count }, (_, at) => {
    const draft = held[at % held.length];
    return {
      ...draft, id: randomUUID(), alike: `${draft.alike}-${at % 997}`, customer_name: `${draft.customer_name ?? "Customer"} ${at}`,
      due_at: new Date(Date.now() + 30 * DAY_MS + at * 1_000).toISOString(),
    };
  });
  return [...real, ...made];
}
