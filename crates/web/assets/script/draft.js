// Drafting together: what is typed is kept at every pause, and what others type appears where it belongs.
(() => {
  const form = document.getElementById("draft");
  if (!form) {
    return;
  }
  const state = document.getElementById("draft-state");
  const fields = () => [...form.querySelectorAll("[data-text], [data-choice]")];
  // What each field was when the state that the form names was displayed.
  let shown = new Map(fields().map((field) => [field.name, field.value]));
  let sending = false;
  let again = false;
  let pause = 0;
  let composing = false;
  let given = false;
  let failing = false;
  let left = false;

  const say = (text) => {
    if (state.textContent !== text) {
      state.textContent = text;
    }
  };

  // The one stretch in which two texts differ: where, how much was there, what is there now.
  const stretch = (from, to) => {
    let start = 0;
    while (start < from.length && start < to.length && from[start] === to[start]) {
      start += 1;
    }
    let end = 0;
    while (end < from.length - start && end < to.length - start && from[from.length - 1 - end] === to[to.length - 1 - end]) {
      end += 1;
    }
    return { at: start, gone: from.length - start - end, put: to.slice(start, to.length - end) };
  };
  // Where a place in a text is once the text was changed in one stretch.
  const moved = (place, change) => {
    if (place <= change.at) {
      return place;
    }
    return place >= change.at + change.gone ? place - change.gone + change.put.length : change.at + change.put.length;
  };

  // What a field can hold of a text: otherwise it would send back at once what it left out, as if somebody had typed.
  const fitted = (field, text) => {
    if (field.matches("select") && ![...field.options].some((one) => one.value === text)) {
      field.add(new Option(text, text));
    }
    return field.matches("input") ? text.replaceAll("\n", "") : text;
  };

  // Puts what came into a field, and what was typed since it was sent on top of it.
  const put = (field, sent, now) => {
    if (field.matches("[data-choice]")) {
      if (field.value === sent && field.value !== now) {
        field.value = now;
        shine(field);
      }
      return;
    }
    const typed = field.value;
    const theirs = stretch(sent, now);
    let text = now;
    if (typed !== sent) {
      const ours = stretch(sent, typed);
      const from = moved(ours.at, theirs);
      const to = Math.max(from, moved(ours.at + ours.gone, theirs));
      text = now.slice(0, from) + ours.put + now.slice(to);
    }
    if (text === typed) {
      return;
    }
    const here = document.activeElement === field;
    const [start, end] = [field.selectionStart, field.selectionEnd];
    const change = stretch(typed, text);
    field.value = text;
    if (here) {
      field.setSelectionRange(moved(start, change), moved(end, change));
    }
    shine(field);
  };
  const shine = (field) => {
    field.classList.add("came");
    setTimeout(() => field.classList.remove("came"), 1500);
  };

  const differs = (field) => field.value !== shown.get(field.name);

  const changes = (dirty) => {
    const body = new URLSearchParams();
    body.append("form", form.elements.form.value);
    body.append("shown", form.elements.shown.value);
    for (const field of dirty) {
      body.append(field.name, field.value);
    }
    return body;
  };

  // Sends what was typed since, or nothing, and puts in place what came back: one at a time.
  const flush = async () => {
    if (sending || composing || given) {
      again = true;
      return;
    }
    sending = true;
    again = false;
    clearTimeout(pause);
    const sent = new Map(fields().map((field) => [field.name, field.value]));
    const dirty = fields().filter(differs);
    const body = changes(dirty);
    if (dirty.length) {
      say(form.dataset.keeping);
    }
    try {
      const answer = await fetch(form.dataset.edit, { method: "POST", body, redirect: "error" });
      failing = !answer.ok;
      if (answer.ok) {
        take(await answer.json(), sent);
        if (dirty.length) {
          say(form.dataset.kept);
        }
      } else if (answer.status === 409) {
        const { wrong } = await answer.json();
        say(dirty.length ? `${wrong} ${form.dataset.anew}` : wrong);
        given = dirty.length > 0;
        if (!given) {
          location.reload();
        }
      } else {
        throw new Error(String(answer.status));
      }
    } catch {
      failing = true;
      if (dirty.length) {
        say(form.dataset.unsent);
      }
      pause = setTimeout(flush, 3000);
    }
    sending = false;
    if (again || fields().some(differs) && !given) {
      clearTimeout(pause);
      pause = setTimeout(flush, 150);
    }
  };

  const take = (now, sent) => {
    const rows = [...form.querySelectorAll("[data-row]")].map((row) => row.dataset.row);
    form.elements.shown.value = now.state;
    const all = { ...now.texts, ...now.choices };
    for (const field of fields()) {
      if (all[field.name] === undefined) {
        continue;
      }
      const text = fitted(field, all[field.name]);
      put(field, sent.get(field.name), text);
      shown.set(field.name, text);
      const by = document.getElementById(`${field.name}-by`);
      if (by && now.changed[field.name]) {
        const words = new DOMParser().parseFromString(now.changed[field.name], "text/html").body;
        if (by.textContent !== words.textContent) {
          by.replaceChildren(...words.childNodes);
        }
      }
    }
    if (rows.join() !== now.rows.join()) {
      renew();
    }
  };

  // Rows came or went: the page is asked for again, and the rows that are here keep what is being typed in them.
  const renew = async () => {
    const answer = await fetch(location.pathname, { redirect: "error", cache: "no-store" });
    if (!answer.ok) {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("draft-rows");
    const old = document.getElementById("draft-rows");
    const kept = new Map([...old.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row]));
    const active = document.activeElement;
    const caret = active?.matches?.("[data-text]") ? [active.selectionStart, active.selectionEnd] : null;
    const made = [...fresh.children].map((child) => {
      const here = kept.get(child.dataset.row);
      if (here) {
        return here;
      }
      const row = document.adoptNode(child);
      row.classList.add("fresh");
      for (const field of row.querySelectorAll("[data-text], [data-choice]")) {
        shown.set(field.name, field.value);
      }
      return row;
    });
    old.replaceChildren(...made);
    if (caret && document.contains(active)) {
      active.focus({ preventScroll: true });
      active.setSelectionRange(...caret);
    }
    const names = new Set(fields().map((field) => field.name));
    shown = new Map([...shown].filter(([name]) => names.has(name)));
  };

  form.addEventListener("compositionstart", () => {
    composing = true;
  });
  form.addEventListener("compositionend", () => {
    composing = false;
    pause = setTimeout(flush, 150);
  });
  form.addEventListener("input", () => {
    say(form.dataset.keeping);
    clearTimeout(pause);
    pause = setTimeout(flush, 150);
  });
  // Whoever leaves in the middle of a word leaves nothing behind; and is asked first where it cannot be kept now.
  addEventListener("pagehide", () => {
    if (fields().some(differs) && !given && !left) {
      fetch(form.dataset.edit, { method: "POST", body: changes(fields().filter(differs)), keepalive: true }).catch(() => {});
    }
  });
  addEventListener("beforeunload", (event) => {
    if (failing && fields().some(differs) && !left) {
      event.preventDefault();
    }
  });
  // The form as a whole carries everything along.
  form.addEventListener("submit", () => {
    left = true;
  });
  // The page is told by its stream that something in this case changed.
  addEventListener("counterpart:changed", (event) => {
    if (!event.detail?.case || event.detail.case === form.dataset.case) {
      flush();
    }
  });
})();
