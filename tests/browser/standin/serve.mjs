// Test support: what the three stand-ins share of HTTP.
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {import("node:http").IncomingMessage} Request
 * @typedef {import("node:http").ServerResponse} Response
 * @typedef {{server: import("node:http").Server, url: string, close(): Promise<void>}} Served
 */

/**
 * Serves on a free port of loopback; an error of the handler fails the request, and is kept.
 * @param {(request: Request, response: Response, url: URL) => unknown} handler
 * @returns {Promise<Served & {errors: unknown[]}>}
 */
export async function serve(handler) {
  /** @type {unknown[]} */
  const errors = [];
  const server = createServer((request, response) => {
    Promise.resolve()
      .then(() => handler(request, response, new URL(request.url ?? "/", "http://host")))
      .catch((error) => {
        errors.push(error);
        response.writeHead(500).end();
      });
  });
  // Longer than a test: how many idle connections a browser has is not left to the machine's speed.
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { server, errors, close, url: `http://127.0.0.1:${port}` };
}

/**
 * @param {Response} response
 * @param {number} status
 * @param {unknown} [body]
 */
export function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** @param {Request} request */
export async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return text ? JSON.parse(text) : {};
}
