// Server-sent events as they come in pieces. Pure.
// @ts-check

/** feed() takes text in, and gives the messages that it completes: {name, id, data}; `id` is null where none was sent. */
export class Messages {
  #rest = "";

  /** @param {string} text */
  feed(text) {
    const blocks = (this.#rest + text.replaceAll("\r\n", "\n")).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(read).flatMap(({ data, ...rest }) => (data === null ? [] : [{ ...rest, data }]));
  }
}

/** @param {string} block */
function read(block) {
  /** @type {{ name: string, id: string | null, data: string | null }} */
  const message = { name: "message", id: null, data: null };
  for (const line of block.split("\n")) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") message.name = value;
    else if (field === "id") message.id = value;
    else if (field === "data") message.data = message.data === null ? value : `${message.data}\n${value}`;
  }
  return message;
}
