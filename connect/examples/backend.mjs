// CONNECT_TOKEN=… node backend.mjs
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { CONNECT_URL = "http://127.0.0.1:8084", CONNECT_TOKEN, PORT = "3000" } = process.env;
const page = readFileSync(new URL("page.html", import.meta.url), "utf8");

createServer(async (request, response) => {
  if (request.method === "GET") return response.end(page.replace("http://127.0.0.1:8084", CONNECT_URL));
  const tenant = { id: "customer-1", name: "Customer One" }; // of your sign-in, never of the request
  const answer = await fetch(`${CONNECT_URL}/v1/link-sessions`, {
    method: "POST",
    headers: { authorization: `Bearer ${CONNECT_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ tenant, channel: "hub" }),
  }).catch(() => new Response("{}", { status: 502 })); // nobody answers there
  response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
}).listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
