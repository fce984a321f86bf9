// What an unmodified openai package is told, in Node: one line of JSON. Arguments: the base URL.
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: process.env.ASKCAM_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "What do you see?" }];
const told = {};

const { data, request_id } = await client.chat.completions.create({ model: "lobby", messages }).withResponse();
told.chat = data.choices[0].message.content;
told.camera = data.askcam.camera;
told.named = request_id;
told.stream = await client.chat.completions.stream({ model: "lobby", messages }).finalContent();
told.prefill = (
  await client.chat.completions.create({ model: "lobby", messages: [...messages, { role: "assistant", content: "I" }] })
).choices[0].message.content;
told.responses = (await client.responses.create({ model: "lobby", input: "What do you see?" })).output_text;
told.models = (await client.models.list()).data.map((model) => model.id);
told.refused = await client.chat.completions.create({ model: "lobby", messages, logit_bias: { 5: 1 } }).catch((error) => error.param);

told.realtime = await new Promise((done, fail) => {
  const line = new OpenAIRealtimeWS({ model: "lobby" }, client);
  let text = "";
  line.on("error", fail);
  line.on("session.created", () => {
    line.send({ type: "session.update", session: { type: "realtime", output_modalities: ["text"] } });
    const content = [{ type: "input_text", text: "What do you see?" }];
    line.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
    line.send({ type: "response.create" });
  });
  line.on("response.output_text.delta", (event) => (text += event.delta));
  line.on("response.done", () => {
    line.close();
    done(text);
  });
});
console.log(JSON.stringify(told));
