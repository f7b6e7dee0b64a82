// Elements of the page that come in numbers: spines of books and cards.
import { word } from "./words.js";

const COLOURS = ["#7b3f3f", "#2f5d50", "#36517a", "#76551a", "#5c3f77", "#3c6629", "#84491d", "#2b5c6b", "#6d3355", "#4b4f2a", "#364a5e", "#85412f"];

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The same book looks the same wherever it stands.
function looks(tag) {
  let sum = 7;
  for (const c of tag) sum = (Math.imul(sum, 31) + c.charCodeAt(0)) >>> 0;
  return { colour: COLOURS[sum % COLOURS.length], height: 76 + (sum >>> 5) % 22, width: 80 + (sum >>> 11) % 45, plain: (sum >>> 17) % 3 };
}

export function spine(about, tag, hidden) {
  const { colour, height, width, plain } = looks(tag);
  const kinds = ["spine", `binding-${plain}`, about.ours === false && "theirs", hidden && "hidden"].filter(Boolean);
  const made = element("button", { type: "button", class: kinds.join(" "), "data-tag": tag, title: `${about.title}\n${about.author}\n${about.item} · ${tag}`, "aria-label": about.title },
    element("span", {}, about.title));
  made.style.setProperty("--colour", colour);
  made.style.setProperty("--height", `${height}%`);
  made.style.setProperty("--width", width);
  return made;
}

export const expired = (card) => Boolean(card.until) && card.until < new Date().toISOString().slice(0, 10);

export const kindOf = (card) => card.kind === "patron" && expired(card) ? "expired" : card.kind;

export function plastic(card, picked) {
  const kind = kindOf(card);
  const says = [word(kind), card.group ? word(card.group) : ""].filter(Boolean).join(" · ");
  return element("button", { type: "button", class: `card ${kind}`, "data-card": card.uid, "aria-pressed": String(card.uid === picked) },
    element("b", {}, card.name), element("small", {}, says));
}

export const trick = (act, says) => element("button", { type: "button", class: "card trick", "data-act": act }, element("b", {}, word(act === "phone" ? "phone" : "two")), element("small", {}, says));
