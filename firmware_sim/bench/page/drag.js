// Dragging by pointer, alike for mouse, pen and finger; a press that hardly moves stays a click.
const STARTS_AT = 8; // CSS pixels

export function dragging(selector, dropped) {
  document.addEventListener("pointerdown", (down) => {
    const thing = down.target.closest(selector);
    if (thing && down.button === 0) follow(thing, down, dropped);
  });
}

function follow(thing, down, dropped) {
  let ghost = null;
  const under = (event) => document.elementsFromPoint(event.clientX, event.clientY).map((box) => box.closest("[data-drop]")).find(Boolean);
  const unmark = () => document.querySelectorAll(".over").forEach((box) => box.classList.remove("over"));
  const move = (event) => {
    if (!ghost && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < STARTS_AT) return;
    ghost = ghost || lift(thing);
    ghost.style.left = `${event.clientX - ghost.offsetWidth / 2}px`;
    ghost.style.top = `${event.clientY - 30}px`;
    unmark();
    under(event)?.classList.add("over");
  };
  const up = (event) => {
    for (const [name, heard] of [["pointermove", move], ["pointerup", up], ["pointercancel", up]]) document.removeEventListener(name, heard);
    unmark();
    if (!ghost) return;
    ghost.remove();
    thing.classList.remove("lifted");
    swallowClick();
    const place = event.type === "pointerup" ? under(event) : null;
    if (place) dropped(thing, place.dataset.drop);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", up);
}

function lift(thing) {
  const ghost = thing.cloneNode(true);
  const box = thing.getBoundingClientRect();
  ghost.classList.add("ghost");
  ghost.removeAttribute("data-tag");
  ghost.removeAttribute("data-card");
  ghost.style.width = `${box.width}px`;
  ghost.style.height = `${box.height}px`;
  thing.classList.add("lifted");
  document.body.append(ghost);
  return ghost;
}

// The click that follows a drag isn't meant.
function swallowClick() {
  const swallow = (event) => { event.stopPropagation(); event.preventDefault(); };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }), 0);
}
