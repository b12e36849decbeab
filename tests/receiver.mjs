// A real HTTP receiver of webhooks, on a port of this machine. It must not know what is sent to it.
import { createServer } from "node:http";

/** Starts one; `answer(request, response, calls)` says how it behaves, 204 where it says nothing; `host` is of this machine. */
export async function receive(answer = () => 204, host = "127.0.0.1") {
  const calls = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const call = { path: request.url, headers: request.headers, body, at: Date.now() };
    calls.push(call);
    const status = await answer(call, response, calls);
    if (status !== undefined && !response.writableEnded) response.writeHead(status).end();
  });
  await new Promise((done) => server.listen(0, host, done));
  return {
    calls,
    url: `http://${host}:${server.address().port}`,
    stop: () => new Promise((done) => (server.close(done), server.closeAllConnections())),
  };
}
