// Anthropic's own client for JavaScript.

import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";
import { RESULT, TEXT, all, tell } from "./telling.mjs";

const client = new Anthropic({ maxRetries: 0 });
const SendMail = z.object({ to: z.string() });
const description = "Sends mail, for example to jane.roe@example.com";
const input_schema = { type: "object", properties: { to: { type: "string" } } };
const tools = [{ name: "send_mail", description, input_schema }];

const asked = (fields = {}) => ({
  model: "claude-sonnet-4-6",
  max_tokens: 4096,
  messages: [{ role: "user", content: TEXT }],
  ...fields,
});
const said = (message) =>
  message.content
    .filter((block) => block.type === "text")
    .map((block) => block.text)
    .join("");
const calls = (message) =>
  message.content
    .filter((block) => block.type === "tool_use")
    .map((block) => [block.name, block.input]);

async function answeredCall() {
  const request = asked({ tools });
  const { content } = await client.messages.create(request);
  const id = content.find((block) => block.type === "tool_use").id;
  request.messages.push(
    { role: "assistant", content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: RESULT }] },
  );
  return said(await client.messages.create(request));
}

async function ranTool() {
  const given = [];
  const tool = betaZodTool({
    name: "send_mail",
    description,
    inputSchema: SendMail,
    run: (args) => given.push(args) && RESULT,
  });
  const final = await client.beta.messages.toolRunner(asked({ tools: [tool] }));
  return [given, said(final)];
}

/** Signed thinking goes back as it came, turn after turn. */
async function thinking() {
  const request = asked({ thinking: { type: "enabled", budget_tokens: 1024 } });
  for (let turn = 0; turn < 2; turn += 1) {
    const { content } = await client.messages.stream(request).finalMessage();
    if (!content.some((block) => block.type === "thinking")) return "no thinking";
    request.messages.push({ role: "assistant", content }, { role: "user", content: TEXT });
  }
  return said(await client.messages.create(request));
}

async function refused() {
  try {
    await client.messages.create(asked({ fallbacks: "default" }));
  } catch (failure) {
    return [failure instanceof Anthropic.BadRequestError, failure.error.error.type];
  }
  return "not refused";
}

await tell({
  messages: async () => said(await client.messages.create(asked({ system: TEXT }))),
  "messages, streamed": async () =>
    (await all(await client.messages.create(asked({ stream: true }))))
      .map((event) => event.delta?.text ?? "")
      .join(""),
  "messages, stream helper": () => client.messages.stream(asked()).finalText(),
  "messages, parsed": async () =>
    (await client.messages.parse(asked({ output_config: { format: zodOutputFormat(SendMail) } })))
      .parsed_output,
  "messages, tools": async () => calls(await client.messages.create(asked({ tools }))),
  "messages, tools, streamed": async () =>
    calls(await client.messages.stream(asked({ tools })).finalMessage()),
  "messages, tools, answered": answeredCall,
  "messages, tools, run": ranTool,
  "messages, thinking": thinking,
  "messages, counted": async () => {
    const { max_tokens: _, ...request } = asked();
    return (await client.messages.countTokens(request)).input_tokens > 10;
  },
  models: async () => (await all(client.models.list())).map((one) => one.id).sort(),
  refusal: refused,
});
