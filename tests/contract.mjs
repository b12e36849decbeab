// What openapi.json says of answers and of what is posted, as a judge that lets no field pass that it does
// not name. It must not know the service.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv from "@redocly/ajv/dist/2020.js";

const ID = "https://countersign.test/openapi.json";
const DOCUMENT = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));

/** The schemas that a node adds fields to: that node is closed in their place. */
function extended(node) {
  if (typeof node !== "object" || node === null) return [];
  const here = node.$ref && node.properties ? [node.$ref.split("/").at(-1)] : [];
  return [...here, ...Object.values(node).flatMap(extended)];
}
const EXTENDED = new Set(extended(DOCUMENT));

/** A schema whose objects hold what it names and nothing else. */
function closed(node, name) {
  if (Array.isArray(node)) return node.map((item) => closed(item));
  if (typeof node !== "object" || node === null) return node;
  const all = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value, name)]));
  return all.properties && !EXTENDED.has(name) ? { unevaluatedProperties: false, ...all } : all;
}

const ajv = new Ajv.default({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(closed({ $id: ID, components: DOCUMENT.components }));
const compiled = new Map();

function judge(name, schema) {
  if (!compiled.has(name)) {
    const within = JSON.stringify(closed(schema)).replaceAll('"#/', `"${ID}#/`);
    compiled.set(name, ajv.compile(JSON.parse(within)));
  }
  return compiled.get(name);
}

function check(name, schema, value) {
  const fits = judge(name, schema);
  assert.ok(fits(value), `${name}: ${JSON.stringify(fits.errors)} in ${JSON.stringify(value).slice(0, 4_000)}`);
}

/** Fails where a request that was posted to a webhook or a callback is not what the document says. */
export function checkPosted({ headers, body }) {
  const { type } = JSON.parse(body);
  const { post } = DOCUMENT.webhooks[type] ?? assert.fail(`${type} is no webhook`);
  check(type, post.requestBody.content["application/json"].schema, JSON.parse(body));
  for (const { name } of post.parameters) assert.ok(headers[name], `${type} without ${name}`);
}

/** The types of what is posted. */
export const POSTED = Object.keys(DOCUMENT.webhooks);

const PATHS = Object.entries(DOCUMENT.paths).map(([path, methods]) => ({ path, methods, pattern: new RegExp(`^${path.replace("{id}", "[^/]+")}$`) }));

/** Fails where an answer is not what the document says. Of paths that it lacks it says nothing. */
export function checkAnswer(method, target, { status, headers, body }) {
  const asked = target.split("?")[0];
  const found = PATHS.filter(({ pattern }) => pattern.test(asked)).sort((one, other) => one.path.includes("{") - other.path.includes("{"))[0];
  const responses = found?.methods[method.toLowerCase()]?.responses;
  if (status === 429 || status === 503) assert.ok(Number(headers.get("retry-after")) > 0, `${method} ${target}: ${status} without retry-after`);
  if (!responses) return;
  const name = `${method} ${found.path} ${status}`;
  const type = headers.get("content-type")?.split(";")[0];
  const known = responses[status] ?? (status >= 400 ? DOCUMENT.components.responses.Problem : assert.fail(`${name} is not in the document`));
  const content = known.content?.[type];
  if (body === null || type === "application/x-ndjson") return;
  assert.ok(content, `${name} is ${type}`);
  check(responses[status] ? name : "a problem", content.schema, body);
}
