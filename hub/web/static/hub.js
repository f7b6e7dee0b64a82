// Keeps "3 minutes ago" true while a page stays open, closes the list of finds, and lets lines of a plan be dragged to
// another site. Pages read well, and everything can be done, without it.
(function () {
  "use strict";
  var words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  function tell() {
    document.querySelectorAll("time[data-ago]").forEach(function (time) {
      var seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      if (seconds < 60) return;
      var unit = seconds < 3600 ? ["minute", 60] : seconds < 86400 ? ["hour", 3600] : ["day", 86400];
      time.textContent = words.format(-Math.floor(seconds / unit[1]), unit[0]);
    });
  }
  setInterval(tell, 20000);
  function shut() {
    var found = document.getElementById("found");
    if (found) found.textContent = "";
  }
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") shut(); });
  document.addEventListener("click", function (event) {
    if (!event.target.closest("#found, .search")) shut();
  });
  var dragged = null;
  document.addEventListener("dragstart", function (event) {
    dragged = event.target.closest ? event.target.closest(".piece[draggable]") : null;
    if (dragged) event.dataTransfer.setData("text/plain", dragged.dataset.title);
  });
  function place(event) { return dragged && event.target.closest ? event.target.closest(".drop") : null; }
  document.addEventListener("dragover", function (event) {
    document.querySelectorAll(".drop.over").forEach(function (drop) { drop.classList.remove("over"); });
    var drop = place(event);
    if (drop) { event.preventDefault(); drop.classList.add("over"); }
  });
  document.addEventListener("drop", function (event) {
    var drop = place(event), form = document.getElementById("dropped");
    if (!drop || !form) return;
    event.preventDefault();
    ["title", "origin", "count"].forEach(function (name) { form.elements[name].value = dragged.dataset[name]; });
    form.elements.target.value = drop.dataset.site;
    form.requestSubmit();
  });
  document.addEventListener("dragend", function () {
    dragged = null;
    document.querySelectorAll(".drop.over").forEach(function (drop) { drop.classList.remove("over"); });
  });
})();
