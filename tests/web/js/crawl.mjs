// Finds every page and every form of the pages by following links, fills forms in, and looks at what comes of it. What is
// found is found in the pages themselves: a page or a form that is new is covered without a change here.

import assert from "node:assert/strict";
import { glance } from "./stage.mjs";

// Runs in each page of a browser, before the page's own script.
const install = () => {
  // What the exact text of what is signed never holds, nor any other text on a page.
  const unseen = /[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff]/;
  const typing = "input:not([type=hidden], [type=radio], [type=checkbox], [type=file], [type=submit]), textarea";
  // Where a page puts what others wrote, or what is shown by the browser's own means.
  const alone = "bdi, [dir=auto], textarea, option, title, svg text, svg title, svg desc";
  const own = (path) => /^(\/(?!\/)|[#?]|mailto:|tel:[+\d]|$)/.test(path) || path.startsWith(`${location.origin}/`);

  // Everything about a page that hostile text could have brought about.
  const inspect = (page, marks) => {
    const bad = [];
    const secret = page.querySelector("input[name=form]")?.value;
    for (const element of page.querySelectorAll("*")) {
      const name = element.localName;
      if (/^(img|iframe|style|base|object|embed|frame|applet|audio|video)$/.test(name)) {
        bad.push(`an element <${name}>`);
      }
      for (const { name: attribute, value } of element.attributes) {
        if (attribute.startsWith("on") || attribute === "srcdoc" || attribute === "style") {
          bad.push(`<${name} ${attribute}="${value.slice(0, 80)}">`);
        }
        if (/^(href|src|action|formaction|xlink:href|ping|data)$/.test(attribute) && !own(value)) {
          bad.push(`${attribute} to ${value.slice(0, 80)}`);
        }
        if (!/^(value|data-was)$/.test(attribute) && unseen.test(value)) {
          bad.push(`hidden characters in <${name} ${attribute}>`);
        }
      }
      if (name === "input" && element.name === "form" && (element.type !== "hidden" || element.value !== secret)) {
        bad.push("a second form's secret");
      }
    }
    const scripts = [...page.scripts].filter((script) => !/^\/assets\/script[.\w-]*$/.test(script.getAttribute("src") ?? ""));
    if (scripts.length > 0 || page.scripts.length > 1) {
      bad.push(`${page.scripts.length} scripts`);
    }
    const texts = page.createTreeWalker(page, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_COMMENT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const around = text.parentElement;
      if (text.nodeType === Node.COMMENT_NODE) {
        bad.push(`a comment: ${text.data.slice(0, 80)}`);
      } else if (around?.localName !== "textarea" && unseen.test(text.data)) {
        bad.push(`hidden characters in <${around.localName}>: ${JSON.stringify(text.data.slice(0, 80))}`);
      }
      if (marks.some((mark) => text.data.includes(mark)) && !around.closest(alone)) {
        bad.push(`somebody's text not by itself in <${around.localName} class="${around.className}">: ${JSON.stringify(text.data.trim().slice(0, 120))}`);
      }
    }
    return [...new Set(bad)];
  };

  // What a form is, apart from which case and which entry it is about.
  const pattern = (path) => {
    const at = new URL(path, location.origin);
    const part = (p) => /^[0-9a-f]{64}$/.test(p) ? "ID" : /^\d+(-\d+)?$/.test(p) ? "N" : p.length > 24 || /%/.test(p) ? "*" : p;
    const asked = [...at.searchParams].map(([name, value]) => `${name}=${/^[a-z]{1,12}$/.test(value) && name !== "value" ? value : "*"}`);
    return at.pathname.split("/").map(part).join("/").replace(/\/facts\/[^/]+$/, "/facts/*") + (asked.length ? `?${asked.sort().join("&")}` : "");
  };
  const submits = (form) => [...form.querySelectorAll("button:not([type=button])")];
  const forms = (page, url) => [...page.forms].map((form, index) => {
    const action = form.getAttribute("action") || url;
    const fields = [...form.querySelectorAll(typing)].filter((field) => field.name);
    const names = [...new Set(fields.map((field) => field.name.replace(/\d+/g, "N")))];
    const method = form.getAttribute("method")?.toLowerCase() ?? "get";
    const buttons = [...new Set(submits(form).map((b) => b.name && `${b.name}=${/^[a-z-]*$/.test(b.value) ? b.value : "*"}`))];
    return {
      url, index, method, action: pattern(action), names, files: form.querySelectorAll("input[type=file]").length,
      signing: form.classList.contains("signing"),
      key: `${method} ${pattern(action)} [${names}] (${form.classList.contains("signing") ? "sign" : buttons.sort()})`,
    };
  });

  const got = async (url, options) => {
    const answer = await fetch(url, { redirect: "follow", cache: "no-store", ...options });
    const kind = answer.headers.get("content-type") ?? "";
    // A report has a style inside it and a policy that lets it; here it would be judged by this page's.
    const report = /\/report$/.test(new URL(answer.url).pathname);
    const text = kind.startsWith("text/html") && !report ? await answer.text() : (await answer.body?.cancel(), "");
    const page = text ? new DOMParser().parseFromString(text, "text/html") : null;
    return { status: answer.status, url: answer.url, page, kind, size: text.length };
  };

  // A page as it comes: what is wrong with it, where it leads, what can be filled in.
  const visit = async (url, marks) => {
    const { status, page, url: at, kind } = await got(url);
    if (!page) {
      return { status, kind, bad: [], links: [], forms: [] };
    }
    const links = [...page.querySelectorAll("a[href]")].map((a) => new URL(a.getAttribute("href"), at))
      .filter((a) => a.origin === location.origin && !/^\/(assets|open|leave)/.test(a.pathname))
      .map((a) => a.pathname + a.search);
    return { status, kind, at: at.slice(location.origin.length), bad: inspect(page, marks), links, forms: forms(page, url) };
  };

  // Sends one form many times, with other texts each time. Nothing of it is signed.
  const flood = async ({ url, key, rounds, texts, first, marks }) => {
    const found = { sent: 0, values: 0, fields: 0, shown: 0, statuses: {}, bad: [] };
    let { page, status } = await got(url);
    const pick = (page) => page && [...page.forms].find((_, n) => forms(page, url)[n].key === key);
    if (!pick(page)) {
      return { ...found, gone: status };
    }
    const html = page.documentElement.outerHTML;
    const once = async (round) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      const form = pick(page);
      const text = (n) => texts[(first + round + n * 41) % texts.length];
      const fields = [...form.querySelectorAll(typing)].filter((field) => field.name);
      found.fields = Math.max(found.fields, fields.length);
      fields.forEach((field, n) => {
        // A field of several lines keeps what one of a kind would throw away.
        const area = page.createElement("textarea");
        area.name = field.name;
        area.value = text(n);
        field.replaceWith(area);
        found.values += 1;
      });
      if (round % 10 === 9) {
        for (const [n, hidden] of [...form.querySelectorAll("input[type=hidden]:not([name=form])")].entries()) {
          hidden.value = text(n + 7);
        }
        for (const choice of form.querySelectorAll("input[type=radio], input[type=checkbox], option")) {
          choice.setAttribute("value", text(round));
        }
      }
      const buttons = submits(form).filter((button) => !/^(leave|drop)$/.test(button.name));
      const data = new FormData(form, buttons[round % Math.max(1, buttons.length)]);
      for (const [n, file] of [...form.querySelectorAll("input[type=file]")].entries()) {
        data.set(file.name, new File([text(n)], text(n + 3)));
      }
      const method = form.getAttribute("method") ?? "get";
      const action = form.getAttribute("action") || url;
      const fieldsOf = () => new URLSearchParams([...data].map(([name, value]) => [name, typeof value === "string" ? value : value.name]));
      const answer = method.toLowerCase() === "get"
        ? await got(`${action.split("?")[0]}?${fieldsOf()}`)
        : await got(action, { method: "POST", body: form.enctype.startsWith("multipart") ? data : fieldsOf() });
      found.sent += 1;
      found.statuses[answer.status] = (found.statuses[answer.status] ?? 0) + 1;
      if (answer.status >= 500) {
        found.bad.push(`${answer.status}: ${answer.page?.querySelector("main")?.textContent.trim().slice(0, 300)} to ${JSON.stringify([...fieldsOf()]).slice(0, 600)}`);
      }
      if (answer.page) {
        found.shown += 1;
        found.bad.push(...inspect(answer.page, marks));
      }
    };
    let next = 0;
    const worker = async () => {
      while (next < rounds && found.bad.length < 5) {
        await once(next++);
      }
    };
    await Promise.all([worker(), worker()]);
    found.bad = [...new Set(found.bad)].slice(0, 5);
    return found;
  };

  // Types into the form that is looked at. `plan` says for each field what to try.
  const fill = ({ index, texts, first, plan, guess, says }) => {
    const form = document.forms[index];
    const typed = [];
    let n = first;
    for (const field of [...form.querySelectorAll(typing)].filter((field) => field.name && !field.readOnly)) {
      const how = plan[field.id] ?? plan[field.name]
        ?? (/^(date|time|datetime-local|number|month|password)$/.test(field.type) ? (field.required ? "guess" : "empty") : "tame");
      const several = field.localName === "textarea" ? 12 : 1;
      let value = field.value;
      if (how === "text" || how === "tame") {
        const list = how === "tame" ? texts.filter((text) => !unseen.test(text)) : texts;
        const chosen = Array.from({ length: several }, () => list[n++ % list.length]);
        value = chosen.join("\n");
        typed.push(...chosen);
      } else if (how === "guess") {
        const name = field.name.replace(/[\d.]+$/, "");
        value = says[field.id] ?? guess[field.type] ?? guess[name] ?? guess[""];
      } else if (how === "empty") {
        value = "";
      }
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    for (const choice of form.querySelectorAll("select")) {
      if (!choice.value && (choice.required || plan[choice.id] || plan[choice.name])) {
        choice.selectedIndex = choice.options.length - 1;
      }
    }
    // One of each that can be chosen.
    const groups = new Set();
    for (const choice of form.querySelectorAll("input[type=radio], input[type=checkbox]")) {
      if (!groups.has(choice.name) && !form.querySelector(`input[name="${CSS.escape(choice.name)}"]:checked`)) {
        choice.checked = true;
      }
      groups.add(choice.name);
    }
    return { typed, next: n };
  };
  const button = (index, which) => {
    const buttons = submits(document.forms[index])
      .filter((b) => !b.matches(".by-enter, .implied, .unseen") && !/^(again|drop)$/.test(b.name) && b.getClientRects().length > 0);
    const main = buttons.filter((b) => !b.classList.contains("second"));
    const all = which === "main" && main.length > 0 ? main : buttons;
    return all[0] ?? null;
  };
  window.crawler = { inspect, forms, visit, flood, fill, button, pattern };
};

export class Crawler {
  // Kinds of pages that axe saw.
  static looked = new Set();

  constructor(person, { texts, marks = [], each = 3, most = 400 }) {
    Object.assign(this, { person, texts, marks, each, most });
    this.next = 0;
    this.used = new Set();
    this.stored = new Set();
    this.found = new Map();
    this.pages = new Map();
    this.bad = [];
    this.signed = new Map();
  }

  async start() {
    if (!this.beside) {
      await this.person.context.addInitScript(install);
      this.beside = await this.person.context.newPage();
    }
    await this.beside.goto(`${this.person.own}/nowhere`);
    await this.person.page.reload();
  }

  say(where, bad) {
    this.bad.push(...bad.map((what) => `${this.person.name} at ${where}: ${what}`));
  }

  // Follows all links, of each kind of page a few; what is newest first.
  async crawl(from = ["/"]) {
    const seen = new Set(from);
    const counts = new Map();
    const waiting = [...from];
    const forms = new Map();
    const pages = [];
    while (waiting.length > 0 && pages.length < this.most) {
      const url = waiting.shift();
      const kind = await this.beside.evaluate((url) => window.crawler.pattern(url), url);
      const count = counts.get(kind) ?? 0;
      if (count >= this.each) {
        continue;
      }
      counts.set(kind, count + 1);
      const page = await this.beside.evaluate(([url, marks]) => window.crawler.visit(url, marks), [url, this.marks]);
      this.say(url, page.bad);
      if (page.status >= 500) {
        this.say(url, [`status ${page.status}`]);
      }
      if (page.kind?.startsWith("text/html")) {
        pages.push(url);
        this.pages.set(kind, url);
      }
      for (const form of page.forms) {
        forms.set(form.key, [...(forms.get(form.key) ?? []), form]);
        this.found.set(form.key, form);
      }
      for (const link of page.links.reverse()) {
        if (!seen.has(link)) {
          seen.add(link);
          waiting.push(link);
        }
      }
    }
    return { pages, forms };
  }

  // Fills a form in in the browser and sends it, until it is taken: what is refused is tried in another way.
  async act(form, guess, { sign = true } = {}) {
    const page = this.person.page;
    const plan = {};
    const says = {};
    await page.goto(`${this.person.own}${form.url}`);
    for (let tries = 0; tries < 5; tries += 1) {
      const index = await page.evaluate(([url, key]) =>
        window.crawler.forms(document, url).findIndex((form) => form.key === key), [form.url, form.key]);
      const again = tries && index < 0 ? await page.evaluate((action) =>
        window.crawler.forms(document, location.pathname).findIndex((form) => form.action.split("?")[0] === action.split("?")[0]), form.action) : index;
      if (again < 0) {
        return tries ? "elsewhere" : "gone";
      }
      const { typed, next } = await page.evaluate((what) => window.crawler.fill(what),
        { index: again, texts: this.texts, first: this.next, plan, guess, says });
      this.next = next;
      typed.forEach((text) => this.used.add(text));
      for (const chooser of await page.locator(`form >> nth=${again}`).locator("input[type=file]").all()) {
        await chooser.setInputFiles(guess.file);
      }
      const handle = await page.evaluateHandle(([index]) => {
        for (let at = document.forms[index].closest("details"); at; at = at.parentElement.closest("details")) {
          at.open = true;
        }
        // Browsers look at some fields themselves; here it is the program that is asked.
        document.forms[index].noValidate = true;
        return window.crawler.button(index, "main");
      }, [again]);
      const button = handle.asElement();
      if (!button) {
        return "no button";
      }
      // Some forms are sent by the script, and the page stays.
      const answered = page.waitForEvent("response", { predicate: (answer) => answer.request().isNavigationRequest(), timeout: 3000 })
        .catch(() => null);
      if (await button.click({ timeout: 3000 }).catch(() => "hidden")) {
        return "hidden";
      }
      const answer = await answered;
      await page.waitForLoadState().catch(() => {});
      await this.check();
      if (answer && answer.status() >= 500) {
        this.say(form.url, [`status ${answer.status()} in answer to ${form.key}`]);
        return "failed";
      }
      const yes = page.locator('form.signing button[type="submit"]:not([name="again"])').first();
      if (await yes.count()) {
        if (!sign) {
          return "shown";
        }
        await yes.click();
        await page.waitForLoadState();
        await this.check();
        if (/[?&]signed=/.test(page.url()) || !(await page.locator("#errors").count())) {
          typed.forEach((text) => this.stored.add(text));
          return "signed";
        }
      }
      const wrong = await page.evaluate(() => {
        const errors = document.querySelector("#errors");
        return errors && [...errors.querySelectorAll(":scope > ul > li")].map((li) => {
          const id = li.querySelector('a[href^="#"]')?.hash.slice(1) ?? "";
          return { id, what: li.textContent.slice(0, 200), must: document.getElementById(id)?.required };
        });
      });
      if (!wrong) {
        typed.forEach((text) => this.stored.add(text));
        return "done";
      }
      this.why = wrong.map(({ id, what }) => `${id}: ${what}`).join("; ");
      const fields = wrong.filter(({ id }) => id);
      if (fields.length === 0) {
        return "refused";
      }
      for (const { id, what, must } of fields) {
        // What it says that it wants.
        says[id] = /currency/.test(what) ? "GBP" : /number|amount|digits/.test(what) ? "3" : /zone/.test(what) ? "UTC"
          : /time|date|day/.test(what) ? "2026-07-20 12:00" : /name such as|letters/.test(what) ? "k" : undefined;
        const was = plan[id] ?? "tame";
        plan[id] = was === "tame" ? (says[id] || must ? "guess" : "empty") : was === "guess" ? "empty" : "kept";
      }
    }
    return "refused";
  }

  // What the browser shows.
  async check() {
    const { page } = this.person;
    if (/\/(report|nowhere)$/.test(new URL(page.url()).pathname)) {
      return;
    }
    const bad = await page.evaluate((marks) => window.crawler ? window.crawler.inspect(document, marks) : ["no page"], this.marks);
    this.say(page.url().slice(this.person.own.length), bad);
  }

  // All pages with the script running; each kind of page is looked at by axe too, every second time in the dark, on a phone.
  async walk(pages, thorough) {
    const kinds = new Set();
    for (const [n, url] of pages.entries()) {
      const answer = await this.person.page.goto(`${this.person.own}${url}`);
      assert.ok(answer.status() < 500, `${answer.status()} to ${url}`);
      await this.check();
      const hacked = await this.person.page.evaluate(() => window.hacked);
      assert.equal(hacked, undefined, url);
      const kind = await this.person.page.evaluate((url) => window.crawler?.pattern(url) ?? url, url);
      if (!kinds.has(kind) && (thorough || !Crawler.looked.has(kind)) && !/\/report$/.test(url)) {
        kinds.add(kind);
        Crawler.looked.add(kind);
        const name = `${this.person.name}${kind.replaceAll(/[^a-z]+/gi, "-")}`.slice(0, 90);
        for (const [scheme, size] of thorough ? [["light", "laptop"], ["dark", "laptop"], ["light", "phone"], ["dark", "phone"]]
          : n % 2 ? [["light", "phone"]] : [["dark", "phone"]]) {
          this.say(`${url}, ${scheme}, ${size}`, await glance(this.person.page, name, scheme, size));
        }
        await this.person.page.setViewportSize({ width: 1280, height: 800 });
      }
    }
    return pages.length;
  }

  // Every form, with all texts in every field, without signing anything.
  async flood(forms, rounds) {
    const sum = { forms: 0, fields: 0, sent: 0, values: 0, gone: 0, statuses: {} };
    for (const all of forms.values()) {
      const form = all[all.length - 1];
      if (form.signing || form.action === "/leave") {
        continue;
      }
      const found = await this.beside.evaluate((what) => window.crawler.flood(what),
        { url: form.url, key: form.key, rounds: form.names.length + form.files ? rounds : 1, texts: this.texts, first: this.next, marks: this.marks });
      sum.forms += 1;
      sum.gone += found.gone ? 1 : 0;
      for (const part of ["fields", "sent", "values"]) {
        sum[part] += found[part];
      }
      for (const [status, count] of Object.entries(found.statuses)) {
        sum.statuses[status] = (sum.statuses[status] ?? 0) + count;
      }
      this.say(form.key, found.bad);
    }
    return sum;
  }
}
