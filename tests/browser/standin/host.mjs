// Test support: a host product. Its page needs what docs/embed.md says, and no more; its backend
// is the one that makes sessions, and knows the tenant from its own sign-in: `tenant-1`.
import { json, serve } from "./serve.mjs";
import { hub } from "./connect.mjs";

/**
 * @param {import("./connect.mjs").Connect} connect
 * @param {string | (() => string)} api StackOne's, or what tells it once it is known
 * @param {Map<string, [type: string, body: string, headers?: object]>} files other files of a test
 */
export async function startHost(connect, api, files) {
  const served = await serve(async (request, response, url) => {
    const accountId = url.searchParams.get("account") ?? undefined;
    switch (`${request.method} ${url.pathname}`) {
      case "POST /my-backend/link-session":
        // The stand-in has it at once; the real service answers over HTTP.
        return json(response, 201, await connect.create({ tenant: "tenant-1", accountId }));
      case "GET /host.js":
        response.writeHead(200, { "content-type": "text/javascript" });
        return response.end(SCRIPT);
      case "GET /host.css":
        response.writeHead(200, { "content-type": "text/css" });
        return response.end("body { margin: 2rem; font: 1rem/1.5 system-ui, sans-serif }");
      case "GET /":
        response.setHeader("content-security-policy", policy(connect.url, typeof api === "string" ? api : api()));
        response.setHeader("referrer-policy", "no-referrer");
        response.setHeader("cross-origin-opener-policy", "same-origin-allow-popups");
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
        return response.end(page(connect.url, url.searchParams));
      default: {
        const [type, body, headers] = files.get(url.pathname) ?? [];
        return response.writeHead(type ? 200 : 404, { "content-type": type ?? "text/plain", ...headers }).end(body);
      }
    }
  });
  return served;
}

/** As in docs/embed.md. @param {string} connect @param {string} api */
const policy = (connect, api) =>
  `default-src 'none'; script-src 'self' ${connect}; connect-src 'self' ${connect} ${api}; ` +
  "img-src data: https://stackone-logos.com; font-src data:; " +
  `style-src 'self' ${hub.style_hashes.map((/** @type {string} */ hash) => `'${hash}'`).join(" ")}; base-uri 'none'`;

/** @param {string} connect @param {URLSearchParams} wanted */
const page = (connect, wanted) => `<!doctype html>
<html lang="${wanted.get("lang") ?? "en"}">
<head>
<title>The host product</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/host.css">
<script src="/host.js" defer></script>
<script type="module" src="${connect}/connect.js"></script>
</head>
<body>
<main>
<h1>The host product</h1>
<stackone-link ${wanted.get("attributes") ?? ""}></stackone-link>
<p><a href="#elsewhere">Another link of the page</a></p>
</main>
</body>
</html>`;

const SCRIPT = `
const link = document.querySelector("stackone-link");
link.session = () => fetch("/my-backend/link-session" + location.search, {method: "POST"}).then((answer) => answer.json());
window.events = [];
for (const name of ["opened", "linked", "verified", "failed", "cancelled", "expired", "success", "close"]) {
  document.addEventListener(name, ({detail}) => window.events.push([name, detail]));
}
window.said = [];
customElements.whenDefined("stackone-link").then(() => {
  const live = link.shadowRoot.querySelector("[role=status]");
  new MutationObserver(() => live.textContent === window.said.at(-1) || window.said.push(live.textContent))
    .observe(live, {childList: true, characterData: true, subtree: true});
});
`;
