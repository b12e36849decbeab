// A tenant whose days a test passes: posts, verdicts, and a clock that goes ahead, as `faults.mjs` lets it. It must not
// use any route that only a development build has.
import assert from "node:assert/strict";
import { draft, verdictOn } from "./countersign.mjs";

export const CATEGORY = "billing.refund";
export const [SECOND, HOUR, DAY] = [1_000, 3_600_000, 86_400_000];

/** How far the clock is ahead; it never goes back. It begins at a noon: no day ends while it is worked on. */
let ahead = DAY - ((Date.now() + DAY / 2) % DAY);

export class Desk {
  static async of(service, rules, policy = {}) {
    const desk = new Desk();
    desk.tenant = await service.tenant();
    await desk.pass(0);
    await desk.signIn();
    const put = await desk.tenant.policy(desk.lead, (document) => ({
      ...document,
      undo_window_s: 0,
      ...policy,
      categories: { [CATEGORY]: { start_level: 1, ceiling: 3, ...rules } },
    }));
    assert.equal(put.status, 200, JSON.stringify(put.body));
    return desk;
  }

  /** Time goes by; whoever was signed in signs in again. */
  async pass(ms) {
    ahead += ms;
    await this.tenant.agent("GET", `/v1/callback-secret?clock=${ahead}`);
    if (ms >= HOUR) await this.signIn();
  }

  async signIn() {
    this.lead = await this.tenant.session("mia@example.com", "lead");
  }

  async post(topic, change = {}) {
    const body = draft({ message: `What about my ${topic}?`, draft: { text: `Your ${topic} is settled.` }, ...change });
    const answer = await this.tenant.post(body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  }

  /** A verdict that was read for. */
  async given(id, verdict, session = this.lead) {
    const shown = (await session.call("GET", `/v1/drafts/${id}`)).body;
    await this.pass(5 * SECOND);
    return session.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(shown, verdict));
  }

  async decide(id, verdict, session = this.lead) {
    const answer = await this.given(id, verdict, session);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  }

  async trust() {
    const { body } = await this.lead.call("GET", "/v1/trust");
    const category = body.categories.find(({ category }) => category === CATEGORY);
    const agent = category?.agents.find(({ current }) => current);
    return { ...body, category, agent };
  }
}
