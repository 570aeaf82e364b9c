// English is always there; another language is loaded where it is asked for.
import english from "./texts.en.js";

const OTHERS = ["de", "fr", "es"];

/** @param {string} asked as `lang="de-AT"` says it */
export async function textsIn(asked) {
  const lang = OTHERS.find((one) => asked.toLowerCase().split("-")[0] === one);
  try {
    if (lang) return { lang, texts: (await import(`./texts.${lang}.js`)).default };
  } catch (error) {
    console.error(error);
  }
  return { lang: "en", texts: english };
}
