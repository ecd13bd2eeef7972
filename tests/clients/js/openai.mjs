// OpenAI's own client for JavaScript, on every API that it has and the gateway serves.

import OpenAI, { toFile } from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { RESULT, TEXT, all, tell } from "./telling.mjs";

const client = new OpenAI({ maxRetries: 0 });
const SendMail = z.object({ to: z.string() });
const parameters = {
  type: "object",
  properties: { to: { type: "string" } },
  required: ["to"],
  additionalProperties: false,
};
const description = "Sends mail, for example to jane.roe@example.com";
const tools = [{ type: "function", function: { name: "send_mail", description, parameters } }];
const functions = [{ type: "function", name: "send_mail", description, parameters, strict: true }];

const chat = (fields = {}) => ({
  model: "gpt-5.2",
  messages: [{ role: "user", content: TEXT }],
  ...fields,
});
const asked = (fields = {}) => ({ model: "gpt-5.2", input: TEXT, ...fields });
const content = (answer) => answer.choices[0].message.content;
const calls = (answer) =>
  answer.choices[0].message.tool_calls.map((call) => [
    call.function.name,
    JSON.parse(call.function.arguments),
  ]);
const called = (answer) => answer.output.map((one) => [one.name, JSON.parse(one.arguments)]);

async function answeredCall() {
  const request = chat({ tools });
  const { message } = (await client.chat.completions.create(request)).choices[0];
  const id = message.tool_calls[0].id;
  request.messages.push(message, { role: "tool", tool_call_id: id, content: RESULT });
  return content(await client.chat.completions.create(request));
}

async function ranTool() {
  const given = [];
  const runner = client.chat.completions.runTools(
    chat({
      tools: [
        zodFunction({
          name: "send_mail",
          description,
          parameters: SendMail,
          function: (args) => given.push(args) && RESULT,
        }),
      ],
    }),
  );
  return [given, await runner.finalContent()];
}

async function answeredFunction() {
  const input = [{ role: "user", content: TEXT }];
  const { output } = await client.responses.create(asked({ input, tools: functions }));
  const result = { type: "function_call_output", call_id: output[0].call_id, output: RESULT };
  input.push(...output, result);
  return (await client.responses.create(asked({ input, tools: functions }))).output_text;
}

/** A conversation that the provider keeps: gone on with, fetched and deleted. */
async function stored() {
  const first = await client.responses.create(asked({ model: "our-model" }));
  const second = await client.responses.create(
    asked({ model: "our-model", previous_response_id: first.id }),
  );
  const fetched = await client.responses.retrieve(second.id);
  await client.responses.delete(second.id);
  const gone = await client.responses.retrieve(second.id).catch((failure) => failure.status);
  return [second.previous_response_id === first.id, fetched.output_text, gone];
}

async function vectors() {
  const input = [TEXT, "b", TEXT];
  const packed = await client.embeddings.create({ model: "text-embedding-3-small", input });
  const figures = await client.embeddings.create({
    model: "text-embedding-3-small",
    input,
    encoding_format: "float",
  });
  const [first, , last] = packed.data.map((one) => JSON.stringify(Array.from(one.embedding)));
  const near = figures.data[0].embedding.every(
    (one, at) => Math.abs(one - packed.data[0].embedding[at]) < 1e-6,
  );
  return [packed.data.length, first === last, near];
}

async function batch() {
  const body = chat({ model: "our-model" });
  const line = { custom_id: "a", method: "POST", url: "/v1/chat/completions", body };
  const file = await client.files.create({
    file: await toFile(Buffer.from(`${JSON.stringify(line)}\n`), "lines.jsonl"),
    purpose: "batch",
  });
  let made = await client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
  for (let tries = 0; made.status !== "completed" && tries < 10; tries += 1) {
    made = await client.batches.retrieve(made.id);
  }
  const results = await (await client.files.content(made.output_file_id)).text();
  const listed = await all(client.batches.list({ limit: 1 }));
  await client.files.delete(file.id);
  return [content(JSON.parse(results).response.body), listed.some((one) => one.id === made.id)];
}

async function refused() {
  try {
    await client.responses.create(asked({ background: true }));
  } catch (failure) {
    return [failure instanceof OpenAI.BadRequestError, failure.code, failure.param];
  }
  return "not refused";
}

await tell({
  chat: async () => content(await client.chat.completions.create(chat())),
  "chat, streamed": async () =>
    (await all(await client.chat.completions.create(chat({ stream: true }))))
      .map((chunk) => chunk.choices[0]?.delta.content ?? "")
      .join(""),
  "chat, stream helper": () => client.chat.completions.stream(chat()).finalContent(),
  "chat, parsed": async () =>
    (
      await client.chat.completions.parse(
        chat({ response_format: zodResponseFormat(SendMail, "send_mail") }),
      )
    ).choices[0].message.parsed,
  "chat, tools": async () => calls(await client.chat.completions.create(chat({ tools }))),
  "chat, tools, streamed": async () =>
    calls(await client.chat.completions.stream(chat({ tools })).finalChatCompletion()),
  "chat, tools, answered": answeredCall,
  "chat, tools, run": ranTool,
  responses: async () => (await client.responses.create(asked())).output_text,
  "responses, streamed": async () =>
    (await all(await client.responses.create(asked({ stream: true }))))
      .filter((event) => event.type === "response.output_text.delta")
      .map((event) => event.delta)
      .join(""),
  "responses, stream helper": async () =>
    (await client.responses.stream(asked()).finalResponse()).output_text,
  "responses, parsed": async () =>
    (await client.responses.parse(asked({ text: { format: zodTextFormat(SendMail, "mail") } })))
      .output_parsed,
  "responses, tools": async () => called(await client.responses.create(asked({ tools: functions }))),
  "responses, tools, streamed": async () =>
    called(await client.responses.stream(asked({ tools: functions })).finalResponse()),
  "responses, tools, answered": answeredFunction,
  "responses, stored": stored,
  completions: async () =>
    (await client.completions.create({ model: "gpt-5.2", prompt: TEXT })).choices[0].text,
  "completions, streamed": async () =>
    (await all(await client.completions.create({ model: "gpt-5.2", prompt: TEXT, stream: true })))
      .map((chunk) => chunk.choices[0]?.text ?? "")
      .join(""),
  embeddings: vectors,
  models: async () => (await all(client.models.list())).map((one) => one.id).sort(),
  "files and batches": batch,
  refusal: refused,
});
