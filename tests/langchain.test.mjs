// The code that docs/agents.md shows for LangChain, as it stands there, with the real library: its middleware
// interrupts, a reviewer answers each of its actions otherwise, and the agent goes on with that.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { at } from "../scripts/run.mjs";
import { shared, until, verdictOn } from "./countersign.mjs";
import { pythonWith } from "./python.mjs";

const python = pythonWith("langchain", "langchain", ["langchain==1.4.7"]);
const service = await shared();

/** The block of the document that holds some words. */
const shown = (words) => {
  const blocks = readFileSync(at("docs/agents.md"), "utf8").matchAll(/^```python\n(.*?)^```$/gms);
  return [...blocks].map(([, text]) => text).find((text) => text.includes(words));
};

/** An agent whose model asks for four refunds at once and then is done. */
const AGENT = `
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

class Model(GenericFakeChatModel):
    def bind_tools(self, tools, **_):
        return self

refunded = []

@tool
def refund(invoice: str, amount: int) -> str:
    "Refunds an invoice."
    refunded.append([invoice, amount])
    return "refunded"

calls = [{"name": "refund", "args": {"invoice": str(number), "amount": 240}, "id": f"call-{number}"} for number in range(4)]
model = Model(messages=iter([AIMessage(content="", tool_calls=calls), AIMessage(content="Done.")]))
held = HumanInTheLoopMiddleware(interrupt_on={"refund": True})
agent = create_agent(model, [refund], middleware=[held], checkpointer=InMemorySaver())
asked, thread = "You charged me twice, please refund invoice 2211.", "ticket-9"
config = {"configurable": {"thread_id": thread}}
`;
const SAYS = `
print(json.dumps({"refunded": refunded, "told": {message.tool_call_id: message.content for message in result["messages"] if message.type == "tool"}}))
`;

test("what docs/agents.md shows for LangChain goes on as the reviewer said", { skip: !python && "there is no Python with pip" }, async () => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const url = String(await service.miniflare.ready).replace(/\/$/, "");
  const env = { ...process.env, PYTHONPATH: python.libraries, URL: url, KEY: tenant.key };
  const program = [shown("def review("), AGENT, shown("def decision("), SAYS].join("\n");
  const running = promisify(execFile)(python.name, ["-c", program], { env });
  let ended = false;
  running.finally(() => (ended = true)).catch(() => {});

  const verdicts = [
    { kind: "approve" },
    { kind: "edit", draft: { action: { name: "refund", args: { invoice: "1", amount: 100 } } } },
    { kind: "reject", reason: "already refunded", may_retry: false },
    { kind: "send_back", instruction: "Half of it is enough." },
  ];
  for (const verdict of verdicts) {
    const id = await until(async () => ended || (await lead.call("GET", "/v1/queue")).body.drafts[0]?.id);
    if (ended) break;
    const draft = (await lead.call("GET", `/v1/drafts/${id}`)).body;
    const answer = await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(draft, verdict));
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }
  const { refunded, told } = JSON.parse((await running).stdout);
  assert.deepEqual(refunded, [["0", 240], ["1", 100]]);
  const [, , rejected, sentBack] = verdicts.map((_, number) => told[`call-${number}`]);
  assert.match(rejected, /already refunded.*don't try again/is, "the model is told that it is no use");
  assert.match(sentBack, /half of it is enough/i);
  assert.doesNotMatch(sentBack, /don't try again/i);
});
