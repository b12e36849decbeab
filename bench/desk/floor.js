// The floor under the desk's figures: the least that a Worker with a Durable Object can do with a
// draft. It keeps one row and answers; it must not do anything else.
import { DurableObject } from "cloudflare:workers";

export class Floor extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS drafts (number INTEGER PRIMARY KEY, body TEXT NOT NULL)");
  }

  async fetch(request) {
    this.sql.exec("INSERT INTO drafts (body) VALUES (?)", await request.text());
    return Response.json({ status: "held" }, { status: 201 });
  }
}

export default {
  fetch: (request, env) => env.FLOOR.getByName("floor").fetch(request),
};
