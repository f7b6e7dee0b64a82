// A locker wall: compartments that spring open, a scanner, a card reader; a slot with its bin, which couriers open.
import { element } from "./drawing.js";
import { word } from "./words.js";

const at = (id) => document.getElementById(id);

export const STEPS = ["walltap", "wallopen", "wallshut", "walldrop"];

export const BIN = "bin";

export function draw(now, fill) {
  for (const shelf of now.shelves) {
    if (shelf.name === BIN) continue;
    const stands = now.standing.includes(shelf.name);
    const one = box(shelf.name);
    one.classList.toggle("open", stands);
    one.firstElementChild.disabled = !stands;
    one.firstElementChild.setAttribute("aria-label", `${shelf.name} ${word(stands ? "shutbox" : "boxshut")}`);
    fill(one.lastElementChild, stands ? shelf.items : []);
  }
  at("wall").classList.toggle("binopen", now.door.open);
  at("wall").classList.toggle("binreleased", now.door.released && !now.door.open);
  at("slot").classList.toggle("on", now.flap);
  at("wallled").className = "led" + led(now, "card-wall");
  at("scanled").className = "led" + (now.unplugged.includes("scanner") || !now.power ? " red" : " ready");
  at("binled").className = "led" + led(now, "card-bin");
  at("bindoor").textContent = word(now.door.open ? "shutbin" : "pullbin");
  at("binlock").textContent = word(now.door.energised ? "released" : "locked");
  fill(at("binbox"), now.shelves.find((shelf) => shelf.name === BIN).items);
}

export function step(now, held) {
  if (!now.standing.length) return held ? "walldrop" : "walltap";
  return now.shelves.some((shelf) => shelf.items.length && now.standing.includes(shelf.name)) ? "wallopen" : "wallshut";
}

// Where a book goes that is clicked in the hand: an open compartment, the scanner while the courier loads, else the slot.
export function target(now) {
  const empty = now.shelves.find((shelf) => now.standing.includes(shelf.name) && !shelf.items.length);
  return empty ? empty.name : now.screen === "loading" ? "scanner" : BIN;
}

function box(name) {
  let made = at("boxes").querySelector(`[data-drop="${CSS.escape(name)}"]`);
  if (!made) {
    made = element("div", { class: "box", "data-drop": name },
      element("button", { type: "button", class: "boxdoor", "data-box": name }, name), element("div", { class: "within" }));
    at("boxes").append(made);
  }
  return made;
}

function led(now, device) {
  return now.unplugged.includes(device) || !now.power ? " red" : now.cards.length ? " on" : " ready";
}
