// Keeps "3 minutes ago" true while a page stays open, and closes the list of finds. Pages read well without it.
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
})();
