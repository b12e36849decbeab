// The code that docs/agents.md shows for frameworks, as it stands there, with their real libraries: an agent asks
// for several refunds at once, a reviewer answers each otherwise, and the agent goes on with that.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { at } from "../scripts/run.mjs";
import { shared, until, verdictOn } from "./countersign.mjs";
import { pythonWith } from "./python.mjs";

/** The block of the document that holds some words. */
const shown = (words) => {
  const blocks = readFileSync(at("docs/agents.md"), "utf8").matchAll(/^```python\n(.*?)^```$/gms);
  return [...blocks].map(([, text]) => text).find((text) => text.includes(words));
};

/** What the developer has: the customer's message, a tool's work, and the calls that a model asks for at once. */
const OWN = `
asked, thread, turn = "You charged me twice, please refund invoice 2211.", "ticket-9", "m1"
refunded = []

def pay(invoice, amount):
    refunded.append([invoice, amount])
    return f"refunded {amount}"

calls = [(f"call-{number}", {"invoice": str(number), "amount": 240}) for number in range(4)]
`;

/** OpenAI's, which brings MCP's. */
const AGENTS_SDK = ["openai-agents", ["openai-agents==0.24.0", "openai==3.54.0", "mcp==2.3.0"]];

/** For each framework: its library and the versions of all that is imported, an agent whose model asks for these calls
 * and then is done, what the document shows for it, and what its model was told of each call. */
const FRAMEWORKS = {
  LangChain: {
    library: ["langchain", ["langchain==1.4.7", "langchain-core==1.7.2", "langgraph==1.2.22", "langgraph-checkpoint==4.3.2"]],
    agent: `
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

@tool
def refund(invoice: str, amount: int) -> str:
    "Refunds an invoice."
    return pay(invoice, amount)

asks = AIMessage(content="", tool_calls=[{"name": "refund", "args": args, "id": id} for id, args in calls])
model = Model(messages=iter([asks, AIMessage(content="Done.")]))
held = HumanInTheLoopMiddleware(interrupt_on={"refund": True})
agent = create_agent(model, [refund], middleware=[held], checkpointer=InMemorySaver())
config = {"configurable": {"thread_id": thread}}
`,
    shown: "def decision(",
    told: `{message.tool_call_id: message.content for message in result["messages"] if message.type == "tool"}`,
  },
  "Pydantic AI": {
    library: ["pydantic-ai", ["pydantic-ai-slim==2.68.0"]],
    agent: `
from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, ToolApproved, ToolDenied
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel

def model(messages, _):
    if any(part.part_kind == "tool-return" for part in messages[-1].parts):
        return ModelResponse(parts=[TextPart("Done.")])
    return ModelResponse(parts=[ToolCallPart("refund", args, id) for id, args in calls])

agent = Agent(FunctionModel(model), output_type=[str, DeferredToolRequests])

@agent.tool_plain(requires_approval=True)
def refund(invoice: str, amount: int) -> str:
    return pay(invoice, amount)
`,
    shown: "ToolDenied(",
    told: `{part.tool_call_id: part.content for message in result.all_messages() for part in message.parts if part.part_kind == "tool-return"}`,
  },
  "OpenAI Agents SDK": {
    library: AGENTS_SDK,
    agent: `
from agents import Agent, Model, ModelResponse, Runner, Usage, function_tool, set_tracing_disabled
from agents.tool_context import ToolContext
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

set_tracing_disabled(True)

class Asks(Model):
    async def get_response(self, system_instructions, input, *rest, **named):
        if isinstance(input, str) or len(input) == 1:
            said = [ResponseFunctionToolCall(type="function_call", name="refund", call_id=id, arguments=json.dumps(args)) for id, args in calls]
        else:
            text = ResponseOutputText(text="Done.", type="output_text", annotations=[])
            said = [ResponseOutputMessage(id="m2", type="message", role="assistant", status="completed", content=[text])]
        return ModelResponse(output=said, usage=Usage(), response_id=None)

    def stream_response(self, *rest, **named):
        raise NotImplementedError

@function_tool(needs_approval=True)
def refund(context: ToolContext, invoice: str, amount: int) -> str:
    return pay(**answers[context.tool_call_id]["outgoing"]["action"]["args"])

agent = Agent(name="refund-agent", model=Asks(), tools=[refund])
`,
    shown: "state.reject(",
    told: `{item["call_id"]: item["output"] for item in result.to_input_list() if item.get("type") == "function_call_output"}`,
  },
  MCP: {
    library: AGENTS_SDK,
    agent: `
import asyncio
from mcp import Client
from mcp.server import MCPServer
`,
    shown: "def reviewed(",
    after: `
server = MCPServer("refunds")

@server.tool()
@reviewed
def refund(invoice: str, amount: int) -> str:
    return pay(invoice, amount)

async def ask():
    async with Client(server) as client:
        # A client that waits in vain asks again, and its first question goes on.
        twice = [(id, await asyncio.gather(*[client.call_tool("refund", args) for _ in range(2)])) for id, args in calls]
        return {id: one.content[0].text for id, (one, _) in twice}
`,
    told: "asyncio.run(ask())",
  },
};

const VERDICTS = [
  { kind: "approve" },
  { kind: "edit", draft: { action: { name: "refund", args: { invoice: "1", amount: 100 } } } },
  { kind: "reject", reason: "already refunded", note: "The bank paid it on Monday.", may_retry: false },
  { kind: "send_back", instruction: "Half of it is enough." },
];

// What installs them blocks: the service would close its connections meanwhile.
const pythons = Object.values(FRAMEWORKS).map(({ library }) => pythonWith(...library));
const service = await shared();

for (const [number, [framework, { agent, shown: words, after = "", told: saying }]] of Object.entries(FRAMEWORKS).entries()) {
  const python = pythons[number];
  test(`what docs/agents.md shows for ${framework} goes on as the reviewer said`, { skip: python.missing }, async (context) => {
    const tenant = await service.tenant();
    const lead = await tenant.session();
    await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
    const url = String(await service.miniflare.ready).replace(/\/$/, "");
    const env = { ...process.env, PYTHONPATH: python.libraries, URL: url, KEY: tenant.key };
    const says = `print(json.dumps({"told": ${saying}, "refunded": refunded}))`;
    const program = [shown("def review("), shown("def action("), OWN, agent, shown(words), after, says].join("\n");
    // It asks again for ever where nothing answers: it ends with the test at the latest.
    const running = promisify(execFile)(python.name, ["-c", program], { env, signal: context.signal, timeout: 300_000 });
    let ended = false;
    running.finally(() => (ended = true)).catch(() => {});

    const decided = [];
    for (const verdict of VERDICTS) {
      const id = await until(async () => ended || (await lead.call("GET", "/v1/queue")).body.drafts[0]?.id);
      if (ended) break;
      const draft = (await lead.call("GET", `/v1/drafts/${id}`)).body;
      const answer = await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(draft, verdict));
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      decided.push(id);
    }
    const { refunded, told } = JSON.parse((await running).stdout);
    assert.deepEqual(refunded.sort(), [["0", 240], ["1", 100]]);
    const [, , rejected, sentBack] = VERDICTS.map((_, number) => told[`call-${number}`]);
    assert.match(rejected, /already refunded.*the bank paid it.*don't try again/is, "the model is told why, and that it is no use");
    assert.match(sentBack, /half of it is enough/i);
    assert.doesNotMatch(sentBack, /don't try again/i);
    const became = await Promise.all(decided.map(async (id) => (await tenant.agent("GET", `/v1/drafts/${id}`)).body.status));
    assert.deepEqual(became, ["done", "done", "rejected", "sent_back"], "what was done is reported");
  });
}

test("a redraft names what was sent back, once, and however often it is asked for", { skip: pythons[0].missing }, async (context) => {
  const tenant = await service.tenant();
  const lead = await tenant.session();
  await tenant.policy(lead, (policy) => ({ ...policy, undo_window_s: 0 }));
  const env = { ...process.env, URL: String(await service.miniflare.ready).replace(/\/$/, ""), KEY: tenant.key };
  const asks = `
ask = lambda amount: review({"call": action("refund", {"invoice": "1", "amount": amount})})["call"]["id"]
print(json.dumps([ask(amount) for amount in (240, 240, 120, 120, 60)]))`;
  const program = [shown("def review("), shown("def action("), OWN, asks].join("\n");
  const running = promisify(execFile)(pythons[0].name, ["-c", program], { env, signal: context.signal, timeout: 300_000 });
  let ended = false;
  running.finally(() => (ended = true)).catch(() => {});
  const seen = [];
  for (const verdict of [VERDICTS[3], { kind: "approve" }, { kind: "approve" }]) {
    const id = await until(async () => ended || (await lead.call("GET", "/v1/queue")).body.drafts[0]?.id);
    if (ended) break;
    const { body } = await lead.call("GET", `/v1/drafts/${id}`);
    seen.push([id, body.redraft_of?.instruction]);
    await lead.call("PUT", `/v1/drafts/${id}/verdict`, verdictOn(body, verdict));
  }
  const [first, second, third] = seen.map(([id]) => id);
  assert.deepEqual(JSON.parse((await running).stdout), [first, first, second, second, third]);
  assert.deepEqual(seen.map(([, instruction]) => instruction), [undefined, VERDICTS[3].instruction, undefined]);
});
