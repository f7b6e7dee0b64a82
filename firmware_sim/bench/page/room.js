// A reading room: the street with its card reader, open shelves, a desk with a pad and a card reader, a gate.
import { element } from "./drawing.js";
import { word } from "./words.js";

const at = (id) => document.getElementById(id);

export const STEPS = ["roomtap", "roomenter", "roomdesk", "roomleave"];

export function draw(now, fill) {
  at("room").classList.toggle("open", now.door.open);
  at("room").classList.toggle("released", now.door.released && !now.door.open);
  at("room").classList.toggle("fire", now.fire);
  at("roomdoor").textContent = word(now.door.open ? "shutroom" : "pullroom");
  at("roomlock").textContent = word(now.fire ? "firefree" : now.door.energised ? "released" : "locked");
  at("streetled").className = "led" + led(now, "card-front");
  at("deskled").className = "led" + led(now, "card-desk");
  at("enter").disabled = !now.door.open;
  at("leave").disabled = !(now.inside && now.door.open);
  at("exit").disabled = !now.inside;
  at("people").replaceChildren(...Array.from({ length: Math.min(now.inside, 12) }, () => element("i")));
  at("people").setAttribute("aria-label", `${word("inside")}: ${now.inside}`);
  at("firebell").setAttribute("aria-pressed", String(now.fire));
  fill(at("openshelf"), now.shelves[0].items);
  fill(at("pad"), now.pad);
  fill(at("gate"), now.gate);
  at("padhint").hidden = now.pad.length > 0;
}

export function step(now, held) {
  if (!now.inside) return now.door.open || now.door.released ? "roomenter" : "roomtap";
  return held || now.pad.length ? "roomdesk" : "roomleave";
}

function led(now, device) {
  return now.unplugged.includes(device) || !now.power ? " red" : now.cards.length ? " on" : " ready";
}
