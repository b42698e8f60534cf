// Makes the pages live. Everything works without it: what it fetches are the same pages, and what it sends the same forms.
"use strict";
(() => {
  const says = document.body.dataset;
  const said = document.getElementById("said");
  let version = Number(says.version);

  // Says something: loudly where a person should act on it, else for screen readers alone.
  const say = (text, loud) => {
    said.className = loud ? "loud" : "quiet";
    said.textContent = text;
  };

  // --- Who did what: entries of others that the page did not have when it was opened, with where they are read.

  const TOLD = 5;
  const come = (page) => {
    const old = document.getElementById("news");
    const fresh = page.getElementById("news");
    if (!old || !fresh) {
      return [];
    }
    const known = new Set([...old.children].map((one) => one.dataset.entry));
    const all = [...fresh.children].filter((one) => !known.has(one.dataset.entry)).map((one) => one.cloneNode(true));
    old.replaceWith(document.adoptNode(fresh));
    return all;
  };
  const tell = (all, remark) => {
    const list = said.querySelector("ul") ?? document.createElement("ul");
    list.append(...all);
    while (list.children.length > TOLD) {
      list.firstElementChild.remove();
    }
    const more = document.createElement("p");
    more.textContent = remark;
    said.className = "news";
    said.replaceChildren(...(remark ? [list, more] : [list]));
  };

  // --- What is being written is never taken away.

  const isTouched = (form) => [...form.elements].some((field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
      : field.type === "file" ? field.files.length > 0
      : "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue);
  const isBusy = (part) => [...part.querySelectorAll("form")].some(isTouched)
    || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));

  // --- A form is not sent to a program that is gone: the browser would show an error of its own in place of the form.

  let sure = null;
  addEventListener("submit", async (event) => {
    const form = event.target;
    if (said.textContent !== says.lost || form === sure) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    try {
      await fetch(location.href, { method: "HEAD", cache: "no-store" });
    } catch {
      said.scrollIntoView({ block: "center" });
      return;
    }
    // It answers after all.
    sure = form;
    form.requestSubmit(submitter);
    sure = null;
  }, true);

  // --- Parts that changed are asked for, and put in place of what is there.

  let asking = false;
  let again = false;
  let wait = 0;
  const refresh = async () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error", cache: "no-store" });
      if (answer.ok) {
        put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } else if (answer.status === 403) {
        say(says.lost, true);
      }
    } catch {
      // The stream says whether the program is gone.
    }
    asking = false;
    if (again) {
      again = false;
      refresh();
    }
  };
  const put = (page) => {
    // What forms carry is another after the program was started anew.
    const secret = page.querySelector("input[name=form]")?.value;
    for (const field of secret ? document.querySelectorAll("input[name=form]") : []) {
      field.value = secret;
    }
    const all = come(page);
    let changed = false;
    let left = false;
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      // What somebody opened or closed stays so, and is no change.
      for (const part of fresh ? old.querySelectorAll("details[id]") : []) {
        page.getElementById(part.id)?.toggleAttribute("open", part.open);
      }
      if (!fresh || same(old, fresh)) {
        continue;
      }
      if (isBusy(old)) {
        left = true;
        continue;
      }
      const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
      zoned(fresh);
      fresh.classList.add("fresh");
      old.replaceWith(document.adoptNode(fresh));
      if (focused) {
        document.getElementById(focused)?.focus({ preventScroll: true });
      }
      changed = true;
    }
    if (!left) {
      version = Number(page.body.dataset.version);
    }
    if (all.length > 0) {
      tell(all, left ? says.changed : "");
    } else if (left) {
      say(says.changed, true);
    } else if (changed && !said.classList.contains("news")) {
      say(says.updated, false);
    }
  };
  const same = (old, fresh) => {
    const copy = old.cloneNode(true);
    copy.classList.remove("fresh");
    for (const time of copy.querySelectorAll("time[data-was]")) {
      time.textContent = time.dataset.was;
      time.removeAttribute("data-was");
      time.removeAttribute("title");
    }
    if (!copy.className) {
      copy.removeAttribute("class");
    }
    return copy.isEqualNode(fresh);
  };
  const take = (notice) => {
    if (notice.lost) {
      say(says.lost, true);
      return;
    }
    // Back again: perhaps another run of the program, which counts from the beginning.
    const back = said.textContent === says.lost;
    if (back) {
      say("", false);
    }
    // Other parts of the script listen as well.
    dispatchEvent(new CustomEvent("counterpart:changed", { detail: notice }));
    const ours = (part) => !notice.case || part.dataset.live === "all" || part.dataset.live === notice.case;
    if (back || !(notice.version <= version) && [...document.querySelectorAll("[data-live]")].some(ours)) {
      clearTimeout(wait);
      wait = setTimeout(refresh, 60);
    }
  };

  // --- One stream for all tabs: browsers open six connections to a server, and no more. The tab that holds the lock
  // listens and tells the others; when it closes, the next one holds it.

  const open = (tell) => {
    let stream = null;
    let silent = 0;
    let retry = 0;
    const heard = (event) => {
      clearTimeout(silent);
      tell(JSON.parse(event.data));
    };
    const lost = () => {
      clearTimeout(silent);
      // A moment, in case it comes back at once.
      silent = setTimeout(() => tell({ lost: true }), 1500);
    };
    const connect = () => {
      stream = new EventSource("/live");
      stream.addEventListener("hello", heard);
      stream.addEventListener("changed", heard);
      stream.addEventListener("bye", lost);
      stream.addEventListener("error", () => {
        lost();
        // The program was started anew and does not know this browser; it will once the new link was opened.
        if (stream.readyState === EventSource.CLOSED) {
          clearTimeout(retry);
          retry = setTimeout(connect, 3000);
        }
      });
    };
    connect();
    return () => {
      clearTimeout(silent);
      clearTimeout(retry);
      stream.close();
    };
  };
  const alone = () => {
    let close = null;
    const look = () => {
      if (document.visibilityState === "visible") {
        close ??= open(take);
      } else {
        close?.();
        close = null;
      }
    };
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      document.removeEventListener("visibilitychange", look);
      close?.();
    };
  };
  const together = () => {
    const channel = new BroadcastChannel("counterpart");
    const leaving = new AbortController();
    let last = null;
    let leads = false;
    channel.onmessage = ({ data }) => {
      if (!data.ask) {
        take(data);
      } else if (leads && last) {
        channel.postMessage(last);
      }
    };
    channel.postMessage({ ask: true });
    const lead = () => new Promise((done) => {
      leads = true;
      const close = open((notice) => {
        // Whoever comes later asks how things stand, not what happened.
        last = notice.lost ? notice : { version: notice.version };
        channel.postMessage(notice);
        take(notice);
      });
      leaving.signal.addEventListener("abort", () => {
        close();
        done();
      });
    });
    navigator.locks.request("counterpart", { signal: leaving.signal }, lead).catch(() => {});
    return () => {
      leaving.abort();
      channel.close();
    };
  };
  const start = () => (navigator.locks && window.BroadcastChannel ? together() : alone());
  let stop = start();
  addEventListener("pagehide", () => stop());
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      stop = start();
      refresh();
      for (const button of document.querySelectorAll("button[aria-disabled]")) {
        idle(button);
      }
    }
  });

  // --- Times in the reader's zone, where it is not this machine's.

  const zoned = (part) => {
    for (const time of part.querySelectorAll("time[datetime][data-offset]")) {
      const at = new Date(time.dateTime);
      if (-at.getTimezoneOffset() !== Number(time.dataset.offset)) {
        time.dataset.was = time.textContent;
        time.title = time.textContent;
        time.textContent = at.toLocaleString(document.documentElement.lang, {
          day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
        });
      }
    }
  };
  zoned(document);

  // --- Forms: sent once, and said so.

  const idle = (button) => {
    button.removeAttribute("aria-disabled");
    button.textContent = button.dataset.was;
    button.form?.querySelector(".waiting")?.remove();
  };
  // What takes more than a second shows that it goes on.
  const waiting = (form) => {
    const line = document.createElement("p");
    const bar = document.createElement("progress");
    line.className = "waiting";
    line.setAttribute("role", "status");
    bar.setAttribute("aria-label", says.busy);
    line.append(bar, says.slow);
    form.append(line);
  };
  document.addEventListener("submit", (event) => {
    const button = event.submitter ?? event.target.querySelector("button[type=submit]");
    if (event.target.matches("[data-stays]")) {
      // What is answered is a file; the page stays.
      return;
    }
    if (button?.getAttribute("aria-disabled")) {
      event.preventDefault();
    } else if (button) {
      button.dataset.was = button.textContent;
      button.textContent = says.busy;
      button.setAttribute("aria-disabled", "true");
      setTimeout(() => button.getAttribute("aria-disabled") && waiting(event.target), 1000);
    }
  });

  // A file dropped beside the field would replace the page by the file.
  const drop = document.querySelector("input.drop");
  for (const kind of ["dragover", "drop"]) {
    addEventListener(kind, (event) => {
      if (!event.target.matches?.("input[type=file]")) {
        event.preventDefault();
        if (drop && kind === "drop" && event.dataTransfer.files.length) {
          drop.files = event.dataTransfer.files;
        }
      }
      drop?.classList.toggle("over", kind === "dragover");
    });
  }
  drop?.addEventListener("dragleave", () => drop.classList.remove("over"));
})();
