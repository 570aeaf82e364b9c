// The page of a mailed link. It is inert: it asks for nothing before the person presses Continue,
// so that a scanner of mails, also one that runs scripts, uses nothing up.
import "./connect.js";
import { textsIn } from "./connect/language.js";
import { post } from "./connect/session.js";

const id = /** @type {string} */ (location.pathname.split("/").pop());
const secret = takeSecret(`stackone-link:${id}`);
const { lang, texts } = await textsIn(navigator.language);

/**
 * The secret of the link: out of the address, and kept for a reload of this tab.
 * @param {string} key
 */
function takeSecret(key) {
  const fragment = location.hash.slice(1);
  if (fragment) history.replaceState(null, "", location.pathname + location.search);
  try {
    if (fragment) sessionStorage.setItem(key, fragment);
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return fragment;
  }
}

/** @param {string} selector */
const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

document.documentElement.lang = lang;
document.title = find("#title").textContent = texts.title;
find("#intro").textContent = secret ? texts.intro : texts.partial;

const link = /** @type {import("./connect.js").StackoneLink} */ (find("stackone-link"));
link.hidden = !secret;
link.texts = { connect: texts.continue, expired: texts.used };
link.session = async () => {
  const session = new URL(`./v1/link-sessions/${id}`, import.meta.url).href;
  const { client_token } = await (await post(`${session}/open`, secret)).json();
  return { id, client_token, events_url: `${session}/events` };
};
