// The page *Desk*, put together.

import { login } from "../api.js";
import { watchServer } from "../server.js";
import { shell } from "../shell.js";
import { SHARED, createStore } from "../state.js";

const KEYS = [["?", "key.help"]];

const store = createStore(SHARED);
const server = watchServer(store);

/** Throws ApiProblem when the token is refused. */
async function enter(token) {
  await login(token);
  server.check();
}

shell(store, {
  page: "desk",
  skip: { to: "desk", words: "desk.skip" },
  help: { title: "desk.help", text: "desk.help_text", keys: KEYS },
  retry: server.check,
  login: enter,
});
