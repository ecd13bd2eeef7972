// What each program here is given, and tells: the texts on standard input, a line per feature out.
// The programs say nothing of where to ask: the address is in the environment, as for any program.

import { readFileSync } from "node:fs";

export const { text: TEXT, result: RESULT } = JSON.parse(readFileSync(0, "utf8"));

/** One JSON object for each feature: what came of it, or why it failed. */
export async function tell(features) {
  for (const [name, feature] of Object.entries(features)) {
    let value;
    try {
      value = await feature();
    } catch (failure) {
      value = { failed: `${failure.name}: ${failure.message}` };
    }
    console.log(JSON.stringify({ [name]: value }));
  }
}

/** The items of a stream, in a list. */
export async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}
