// Of its own.
// A call that is being logged: the clock ticks, keys are taken at once, and what is typed is kept as it is typed.
(() => {
  const form = document.getElementById("call-form");
  if (!form) {
    return;
  }

  const timer = form.querySelector("[data-timer]");
  if (timer) {
    // By the clock of the program, which noted when it began.
    const ahead = Date.now() - Number(timer.dataset.now);
    const tick = () => {
      const seconds = Math.max(0, Math.floor((Date.now() - ahead - Number(timer.dataset.timer)) / 1000));
      timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    };
    tick();
    setInterval(tick, 1000);
  }

  const note = document.getElementById("kept");
  let wait = 0;
  let behind = false;
  let going = Promise.resolve();
  const send = async () => {
    if (behind) {
      return;
    }
    const fields = new URLSearchParams(new FormData(form));
    fields.set("do", "auto");
    let answer = null;
    try {
      answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, redirect: "error", keepalive: true });
    } catch {
      // Told below.
    }
    // Another window signed it or threw it away: it is not brought back by this one.
    behind = answer?.status === 409;
    if (answer?.ok) {
      form.elements.fresh.value = "";
    }
    note.textContent = answer?.ok ? form.dataset.keep : form.dataset.lost;
  };
  const keep = (after) => {
    clearTimeout(wait);
    wait = setTimeout(() => (going = going.then(send)), after);
  };
  form.addEventListener("input", () => keep(1200));
  form.addEventListener("change", () => keep(300));
  form.addEventListener("submit", () => clearTimeout(wait));

  const steps = document.getElementById("steps");
  const row = document.getElementById("step-row");
  const next = document.getElementById("next-step");
  if (!steps || !row) {
    return;
  }
  const way = next.dataset.way ? next.dataset.way.split("\n") : [];
  const bare = (step) => step.toLowerCase().replace(/^([0-9*#]+) .*/, "$1");
  const gone = () => [...steps.children].map((li) =>
    `${li.querySelector("[name=key]").value} ${li.querySelector("[name=called]").value}`.trim());
  const suggest = () => {
    const walked = gone();
    const on = way.slice(0, walked.length).every((step, n) => bare(step) === bare(walked[n]));
    next.replaceChildren();
    if (on && way[walked.length]) {
      const button = document.createElement("button");
      button.type = "submit";
      button.name = "tap";
      button.value = way[walked.length];
      button.textContent = next.dataset.label.replace("{step}", way[walked.length]);
      next.append(button);
    }
  };
  const add = (written) => {
    const [, key, called] = /^([0-9*#]+)(?: (.*))?$/.exec(written) ?? [null, "", written];
    const fresh = row.content.cloneNode(true);
    fresh.querySelector("[name=key]").value = key;
    fresh.querySelector(".key").textContent = key;
    const field = fresh.querySelector("[name=called]");
    field.value = called ?? "";
    field.removeAttribute("id");
    steps.append(fresh);
    suggest();
    keep(0);
  };
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.name === "tap") {
      event.preventDefault();
      add(button.value);
      // The button that was pressed may be gone.
      if (!button.isConnected) {
        (next.querySelector("button") ?? steps.lastElementChild.querySelector("[name=called]")).focus();
      }
    } else if (button?.name === "less") {
      event.preventDefault();
      button.closest("li").remove();
      suggest();
      keep(0);
    } else if (button?.value === "said" || button?.value === "typed") {
      const field = form.elements.saying;
      const text = field.value.trim();
      event.preventDefault();
      if (text) {
        add(button.value === "said" ? `say ${text}` : text);
        field.value = "";
      }
      field.focus();
    }
  });
  suggest();
})();
