// The AI SDK of Vercel's, which has clients of its own and checks the shape of what they are given.

import { createAnthropic } from "@ai-sdk/anthropic";
import { openai } from "@ai-sdk/openai";
import { Output, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { RESULT, TEXT, all, tell } from "./telling.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

// The same variable as that of Anthropic's own client, which is set without the version.
const anthropic = createAnthropic({ baseURL: `${process.env.ANTHROPIC_BASE_URL}/v1` });
const schema = z.object({ to: z.string() });

/** What a stream came to; its failures are told, not logged. */
async function streamed(request) {
  const failures = [];
  const result = streamText({ ...request, onError: ({ error }) => failures.push(error) });
  const text = (await all(result.textStream)).join("");
  if (failures.length > 0) throw failures[0];
  return [text, request.output && (await result.output)];
}

function features(name, model) {
  const asked = (fields = {}) => ({ model, maxRetries: 0, prompt: TEXT, ...fields });
  const withTool = (given) => {
    const execute = async (args) => given.push(args) && RESULT;
    const description = "Sends mail, for example to jane.roe@example.com";
    const send_mail = tool({ description, inputSchema: schema, execute });
    return asked({ tools: { send_mail }, stopWhen: stepCountIs(3) });
  };
  const output = Output.object({ schema });
  const messages = [
    { role: "user", content: TEXT },
    { role: "assistant", content: TEXT },
    { role: "user", content: [{ type: "text", text: TEXT }] },
  ];
  return {
    [`${name}: generate`]: async () => (await generateText(asked())).text,
    [`${name}: stream`]: async () => (await streamed(asked()))[0],
    [`${name}: turns`]: async () =>
      (await generateText({ model, maxRetries: 0, system: TEXT, messages })).text,
    [`${name}: tools`]: async () => {
      const given = [];
      return [given, (await generateText(withTool(given))).text];
    },
    [`${name}: tools, streamed`]: async () => {
      const given = [];
      return [given, (await streamed(withTool(given)))[0]];
    },
    [`${name}: object`]: async () => (await generateText(asked({ output }))).output,
    [`${name}: object, streamed`]: async () => (await streamed(asked({ output })))[1],
    [`${name}: usage`]: async () => (await generateText(asked())).usage.outputTokens > 0,
  };
}

/** Signed thinking goes back as it came, turn after turn. */
async function thinking() {
  const messages = [{ role: "user", content: TEXT }];
  const budget = { type: "enabled", budgetTokens: 1024 };
  const model = anthropic("claude-sonnet-4-6");
  const request = { model, maxRetries: 0, messages };
  const ask = () =>
    generateText({ ...request, providerOptions: { anthropic: { thinking: budget } } });
  for (let turn = 0; turn < 2; turn += 1) {
    const answer = await ask();
    if (!answer.reasoningText) return "no thinking";
    messages.push(...answer.response.messages, { role: "user", content: TEXT });
  }
  return (await ask()).text;
}

await tell({
  ...features("chat", openai.chat("gpt-5.2")),
  ...features("responses", openai.responses("gpt-5.2")),
  ...features("messages", anthropic("claude-sonnet-4-6")),
  thinking,
  embeddings: async () => {
    const values = [TEXT, "b", TEXT];
    const model = openai.embedding("text-embedding-3-small");
    const { embeddings } = await embedMany({ model, values, maxRetries: 0 });
    return [embeddings.length, embeddings[0].join() === embeddings[2].join()];
  },
});
