// Reads a file of JSON, one value a line. Must not read a value.
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { Stop } from "./run.mjs";

/**
 * The lines of a file in UTF-8, without the mark that some programs begin it with. They end where a line feed stands and
 * nowhere else: `readline` parts a text at U+2028, too, from Node 24 on. Another encoding stops it: a text that is read
 * wrong would be kept so.
 */
export async function* linesOf(file) {
  const decoder = new TextDecoderStream("utf-8", { fatal: true });
  let rest = "";
  try {
    for await (const text of Readable.toWeb(createReadStream(file)).pipeThrough(decoder)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      yield* lines;
    }
  } catch (error) {
    throw error instanceof TypeError ? new Stop(`${file} is not UTF-8.`) : error;
  }
  if (rest) yield rest;
}
