// A reporter for Node's test runner: the file of each test that failed, one a line.
export default async function* failed(events) {
  for await (const { type, data } of events) if (type === "test:fail" && data.file) yield `${data.file}\n`;
}
