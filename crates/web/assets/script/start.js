// Small help around invitations and sheets: copying a line, printing a page, an invitation that stands in the address.
"use strict";
(() => {
  // Buttons that need a script are seen only where one runs: see start.css.
  document.documentElement.classList.add("scripted");
  document.documentElement.classList.toggle("copies", Boolean(navigator.clipboard));

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy], button[data-print]");
    if (!button) {
      return;
    }
    if (!button.dataset.copy) {
      print();
      return;
    }
    const field = document.getElementById(button.dataset.copy);
    field?.select();
    try {
      await navigator.clipboard.writeText(field.value);
      const was = button.textContent;
      button.textContent = button.dataset.copied;
      const said = document.getElementById("said");
      said.className = "quiet";
      said.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = was; }, 2000);
    } catch {
      // The whole line is marked: Ctrl+C does it.
    }
  });

  // What stands behind # is sent to no server. It is taken out of the address, where others could read it over a shoulder.
  const field = document.querySelector("[data-from-address]");
  // Mail programs write its signs otherwise; what makes no sense as such a link is left where it is.
  const given = field ? location.hash.slice(1).replaceAll("%23", "#").replaceAll(/%3A/gi, ":") : "";
  if (field && given.startsWith(field.dataset.fromAddress)) {
    history.replaceState(null, "", location.pathname + location.search);
    if (!field.value) {
      field.value = given;
    }
  }
})();
