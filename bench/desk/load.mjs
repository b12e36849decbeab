// Saturates one HTTP address from outside: `connections` sockets, each of which sends its next draft
// when the last is answered. Runs as a process of its own, told by its parent what to send, and must
// not know who answers.
import { connect } from "node:net";

process.on("message", async (order) => {
  const result = await run(order);
  process.send(result);
});

let number = Date.now() % 1_000_000_000;

/** One request; digits of equal width keep every body the same length. */
function request({ host, path, headers, body }) {
  number += 1;
  const id = String(number).padStart(12, "0");
  const text = body.replaceAll("{id}", id);
  const lines = Object.entries({ host, ...headers, "idempotency-key": `bench-${process.pid}-${id}`, "content-length": Buffer.byteLength(text) });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${text}`;
}

/** Sends for `seconds`, or `count` drafts; answers how many were taken, and how long each took. */
async function run({ url, headers, body, connections, seconds, count = Infinity }) {
  const { hostname, port, pathname } = new URL(url);
  const order = { host: `${hostname}:${port}`, path: pathname, headers, body };
  const times = [];
  let sent = 0;
  let refused = 0;
  const began = performance.now();
  const over = () => sent >= count || performance.now() - began > seconds * 1000;
  const one = () =>
    new Promise((done, fail) => {
      let at = 0;
      let answer = "";
      const socket = connect(Number(port), hostname);
      const next = () => {
        if (over()) return done(socket.destroy());
        sent += 1;
        at = performance.now();
        socket.write(request(order));
      };
      socket.setNoDelay(true);
      socket.on("connect", next);
      socket.on("error", fail);
      socket.on("data", (chunk) => {
        answer += chunk.toString("latin1");
        if (!complete(answer)) return;
        if (!answer.startsWith("HTTP/1.1 201")) refused += 1;
        else times.push(performance.now() - at);
        answer = "";
        next();
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  const elapsed = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { taken: times.length, refused, per_second: times.length / elapsed, p50_ms: at(0.5), p99_ms: at(0.99) };
}

/** Whether an answer is whole: by its length, or by its last chunk. */
function complete(answer) {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
  return length === undefined ? answer.endsWith("0\r\n\r\n") : answer.length >= end + 4 + Number(length);
}
