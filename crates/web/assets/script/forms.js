// Keeps what is being written in forms: sent to this machine's own program a moment after each stroke, so that neither a
// reload nor a crash loses it. A form says under which path by data-keep; without one, it is where it is sent to.
"use strict";
(() => {
  const PAUSE = 700;
  const keyOf = (form) => {
    if (form.dataset.keep) {
      return form.dataset.keep;
    }
    const about = form.querySelector("input[type=hidden][name=about]")?.value;
    const path = new URL(form.action).pathname;
    return about ? `${path}?about=${about}` : path;
  };
  const isTyped = (field) => field.name && !field.disabled
    && !["hidden", "file", "password", "submit", "button", "reset", "image"].includes(field.type)
    && (!["checkbox", "radio"].includes(field.type) || field.checked);
  const isTouched = (form) => [...form.elements].some((field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
      : field.type !== "hidden" && field.type !== "file" && "defaultValue" in field && field.value !== field.defaultValue);

  const kept = (form) => {
    const key = keyOf(form);
    let wait = 0;
    let last = "";
    let sending = null;
    const body = () => {
      const fields = new URLSearchParams();
      fields.append("form", form.elements.form?.value ?? "");
      fields.append("keep", key);
      for (const field of [...form.elements].filter(isTyped)) {
        fields.append(field.name, field.value);
      }
      return fields;
    };
    // The same again is not sent again; the secret may change when the program is started anew.
    const news = () => {
      clearTimeout(wait);
      const fields = body();
      const text = String(fields).replace(/^form=[^&]*&/, "");
      if (text === last || (!last && !isTouched(form))) {
        return null;
      }
      last = text;
      return fields;
    };
    const send = async () => {
      const fields = news();
      if (!fields) {
        return;
      }
      sending?.abort();
      sending = new AbortController();
      try {
        const answer = await fetch("/keep", { method: "POST", body: fields, signal: sending.signal });
        if (!answer.ok) {
          last = "";
        }
      } catch {
        // Not there just now: with the next stroke again.
        last = "";
      }
    };
    const leave = () => {
      const fields = news();
      if (fields) {
        navigator.sendBeacon("/keep", fields);
      }
    };
    form.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(send, PAUSE);
    });
    // Sent: the program says itself what it keeps of it, and forgets it once it is signed.
    form.addEventListener("submit", () => {
      if (!form.elements.keep) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = "keep";
        field.value = key;
        form.append(field);
      }
      leave();
    });
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
    addEventListener("pagehide", leave);
  };
  for (const form of document.querySelectorAll("form[data-keep]")) {
    // Others use the word for what they say themselves.
    if (!form.dataset.keep || form.dataset.keep.startsWith("/")) {
      kept(form);
    }
  }
})();
