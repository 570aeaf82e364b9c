// StackOne's Hub: loaded once a page, a fresh element for each token, and what it shows read off
// its elements, since it tells nobody. Tested with the version that package.json pins.

/**
 * @typedef {import("./session.js").Hub} Hub
 * @typedef {"empty" | "loading" | "pick" | "form" | "saving" | "stuck"} Phase
 */

/** How long the Hub has to render another token, in ms. */
const RENDER = 100;

/** @type {Promise<unknown> | undefined} */
let loading;

/**
 * @param {Hub} hub
 * @param {string} base what its address may be relative to
 */
export async function loadHub({ script_url, integrity }, base) {
  if (customElements.get("stackone-hub")) return;
  const script = document.createElement("script");
  loading ??= new Promise((onload, onerror) => {
    const src = new URL(script_url, base).href;
    Object.assign(script, { src, integrity, crossOrigin: "anonymous", onload, onerror });
    document.head.append(script);
  });
  try {
    await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** The Hub reads it as it starts, and renders nothing where that throws. */
export function hasStorage() {
  try {
    return localStorage.getItem("") !== undefined;
  } catch {
    return false;
  }
}

/**
 * @param {Record<string, string | null | undefined>} attributes those without a value are left out
 * @param {{onSuccess: (account: {id: string, provider: string}) => void,
 *   onConnect: () => Promise<string | undefined> | undefined}} of `onConnect` may have another token for the save
 */
export function makeHub(attributes, { onSuccess, onConnect }) {
  const hub = document.createElement("stackone-hub");
  for (const [name, value] of Object.entries(attributes)) if (value) hub.setAttribute(name, value);
  // Both bubble, and the page would take them for its own: what they say is not yet true.
  hub.addEventListener("close", (event) => event.stopPropagation());
  hub.addEventListener("success", (event) => {
    event.stopPropagation();
    onSuccess(/** @type {CustomEvent} */ (event).detail);
  });
  hub.addEventListener("click", (event) => swapAtConnect(event, hub, onConnect), true);
  return hub;
}

/**
 * A token changed earlier would cost what was typed: with the next key that is pressed, the Hub
 * loads its form anew. So the press of Connect waits until the Hub has the other token.
 * @param {MouseEvent} event
 * @param {HTMLElement} hub
 * @param {() => Promise<string | undefined> | undefined} onConnect
 */
async function swapAtConnect(event, hub, onConnect) {
  const connect = [...(rootOf(hub)?.querySelectorAll("button") ?? [])].at(-1);
  if (!connect || !event.composedPath().includes(connect) || phaseOf(hub, true) !== "form") return;
  const coming = onConnect();
  if (!coming) return;
  event.stopImmediatePropagation();
  const token = await coming;
  if (token) hub.setAttribute("token", token);
  // Once React has rendered it, which it tells nobody either. The press counts for 5 s.
  setTimeout(() => connect.click(), RENDER);
}

/** @param {Element} hub */
export const rootOf = (hub) => hub.firstElementChild?.shadowRoot;

/**
 * @param {Element} hub
 * @param {boolean} pressed whether Connect was: what spins now is a save
 * @returns {Phase}
 */
export function phaseOf(hub, pressed) {
  const has = (/** @type {string} */ selector) => rootOf(hub)?.querySelector(selector);
  if (!has("a,button,circle")) return "empty";
  if (has("input[name=search]")) return "pick";
  if (has("form")) return "form";
  if (has("circle")) return pressed ? "saving" : "loading";
  // An OAuth connector has no form, only a button. Nothing but links: it has nothing to offer.
  return has("button") ? "form" : "stuck";
}
