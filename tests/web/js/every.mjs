// Every page and every form, in light and dark, on a laptop and on a small phone, without a finding by axe. Two parties, an
// arbiter, an agent; a case in which everything was done that can be, one that is closed, one that is empty, one by a template.
// What pages there are is read from the source (see tests/together/main.rs): one that nobody looks at here fails.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Crawler } from "./crawl.mjs";
import { Person, about, anew, glance, outside, printed, run, sizes, watched } from "./stage.mjs";

const clock = (at) => outside(`clock ${at}[Europe/London]`);
// The whole crossing takes its time. Without it each page is looked at in both schemes at one width, every second page at the
// other; and since schemes differ in colours alone, the second time only these are asked for.
const all = about.long || about.pictures;
const looks = all ? [["light", "laptop"], ["dark", "laptop"], ["light", "phone"], ["dark", "phone"]] : [["light"], ["dark", null, ["color-contrast"]]];

// What is saved, and no page.
const saved = ["/case/{id}/letters/{letter}", "/case/{id}/made/{key}", "/promises.csv", "/calendar.ics", "/live", "/assets/{name}"].sort();
// Forms for which nobody has anything to do here; where nobody has, that is said, and looked at.
const empty = ["reopen", "choose"];
// Words on the page that others are shown on here, and that it takes a full disk or a broken file to see.
const unreached = ["large", "cut", "disk", "streams", "desk", "failed", "begun"];

const bad = [];
const seen = { routes: new Set(), kinds: new Set(), problems: new Set() };
let looked = 0;

const route = (path) => about.routes.find((one) =>
  new RegExp(`^${one.replaceAll(".", "\\.").replaceAll(/\{[^}]*\}/g, "[^/]+")}$`).test(path));

// Looks at what a browser shows now.
const look = async (page, name) => {
  const path = new URL(page.url()).pathname;
  seen.routes.add(route(path));
  const { title, which, styled } = await page.evaluate(() => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    return {
      title: document.querySelector("section.problem h1")?.textContent,
      which: Boolean(document.querySelector("#which")),
      styled: [...document.styleSheets].some((sheet) => { try { return sheet.cssRules.length > 0; } catch { return false; } }),
    };
  });
  seen.problems.add(title);
  if (!title && !which && path.includes("/do/")) {
    seen.kinds.add(path.split("/do/")[1]);
  }
  const nth = looked;
  looked += 1;
  const shown = `${String(nth).padStart(3, "0")}-${name}`.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 90);
  // What is refused under another name has no style either, but the browser's own; axe takes its dark ground for white.
  for (const [scheme, width, rules] of looks.filter(([scheme]) => styled || scheme === "light")) {
    const size = width ?? (nth % 2 ? "laptop" : "phone");
    bad.push(...(await glance(page, shown, scheme, size, rules)).map((what) => `${name}, ${scheme}, ${size}: ${what}`));
  }
  await page.setViewportSize(sizes.laptop);
  await printed(page, shown);
};

// Goes there and looks.
const at = async (person, path, name = `${person.name} ${path}`, page = person.page, known = false) => {
  const answer = await page.goto(`${person.own}${path}`);
  assert.ok(answer.status() < 500, `${answer.status()} to ${path}`);
  if (known && !all && await page.locator("#which").count()) {
    return;
  }
  await look(page, name.replaceAll(/[0-9a-f]{64}/g, ""));
};

// Runs in a page: fills in the form that a path shows, sends it, and says yes to the exact text.
const sent = async ({ path, fields, pick, agree }) => {
  const got = async (url, options) => {
    const answer = await fetch(url, options);
    const text = await answer.text();
    return { status: answer.status, url: answer.url, page: new DOMParser().parseFromString(text, "text/html") };
  };
  const send = (form, url, fields) => {
    const button = form.querySelector("button[value=sign]") ?? form.querySelector("button:not([type=button], .by-enter, .implied, .second)");
    const data = new FormData(form);
    for (const [name, value] of [[button?.name, button?.value], ...Object.entries(fields)].filter(([name]) => name)) {
      data.delete(name);
      for (const said of [value].flat()) {
        // One that is offered, by its place.
        const one = /^@\d$/.test(said) ? form.elements[name].options[said[1]].value : said;
        data.append(name, name === "file" ? new File([one], one) : one);
      }
    }
    const to = button?.getAttribute("formaction") || form.getAttribute("action") || url;
    return got(to, { method: "POST", body: form.enctype.startsWith("multipart") ? data : new URLSearchParams(data) });
  };
  const asked = await got(path);
  const form = asked.page.querySelector(pick);
  if (!form) {
    return { status: asked.status, why: `no form at ${path}: ${asked.page.querySelector("main")?.textContent.slice(0, 300)}` };
  }
  let answer = await send(form, asked.url, fields);
  const signing = answer.page.querySelector("form.signing");
  if (signing && agree) {
    answer = await send(signing, answer.url, typeof agree === "string" ? { yes: agree } : {});
  }
  const main = answer.page.querySelector("main");
  return {
    status: answer.status, url: answer.url, link: [...answer.page.querySelectorAll("textarea[readonly]")].map((t) => t.value),
    why: main?.querySelector("#errors")?.textContent ?? (answer.status >= 400 ? main?.textContent.slice(0, 300) : undefined),
  };
};

// What one of them has, and what came from the others, is there once the page answers so.
const here = async (person, ready) => {
  if (await ready()) {
    return;
  }
  const told = await person.told();
  try {
    for await (const _ of told) {
      if (await ready()) {
        return;
      }
    }
  } finally {
    told.destroy();
  }
  assert.fail(`${person.name} did not hear of it`);
};

// What was signed last in each case: one after the other, so that entries have the same numbers for everybody.
const last = new Map();

class Somebody extends Person {
  async begin(name) {
    await this.start();
    await look(this.page, `${this.name} welcome`);
    await this.fill({ name: name });
    await this.click('main button[type="submit"]');
  }

  // By the form at `path`; gives the answer.
  async send(path, fields = {}, { pick = "main form[method=post]:not(.undo)", agree = true } = {}) {
    const answer = await this.page.evaluate(sent, { path, fields, pick, agree });
    assert.ok(!answer.why, `${this.name}, ${path}: ${answer.why}`);
    return answer;
  }

  // Signs something in a case once what it is about has come; gives its number.
  async signs(cased, kind, of, fields = {}, query = "") {
    await this.has(cased);
    const path = `${cased}/do/${kind}${of ? `?about=${of}` : query}`;
    const answer = await this.send(path, fields, { pick: kind === "contact" ? "main form.call" : `main form[action^="${cased}/do/${kind}"]` });
    const signed = new URL(answer.url).searchParams.get("signed");
    assert.ok(signed, `${this.name}, ${path}: nothing was signed, ${answer.status} ${answer.url}`);
    last.set(cased, signed);
    return signed;
  }

  // Waits for all that was signed here so far.
  async has(cased) {
    const entry = last.get(cased);
    if (entry) {
      await here(this, () => this.page.evaluate((path) => fetch(path).then((a) => a.ok), `${cased}/entry/${entry.split("/")[0]}`));
    }
  }

  // The main button of the form that is shown, whatever stands in it.
  async press(selector = 'main form button:not([type=button], .by-enter, .implied, .second)') {
    await this.page.evaluate(() => [...document.forms].forEach((form) => { form.noValidate = true; }));
    const button = this.page.locator(selector).first();
    await this.unfold(button);
    await button.click();
    await this.page.waitForLoadState();
  }
}

const later = async (when, people) => {
  await Promise.all(people.map((person) => person.stop()));
  await clock(when);
  for (const person of people) {
    await person.start();
  }
};

await run({
  async "every page and every form"() {
    const started = Date.now();
    const said = (what) => about.verbose && console.log(`${Date.now() - started} ms: ${what}, ${looked} looks`);
    const [keith, northlink, lex, priya] = ["keith", "northlink", "lex", "priya"].map((name) => new Somebody(name));
    await clock("2026-07-06T10:00+01:00");

    // Nothing is there yet.
    await keith.begin("Keith");
    for (const path of about.routes.filter((path) => !/\{|^\/(open|live|welcome|calendar|promises\.)/.test(path))) {
      await at(keith, path, `nothing yet ${path}`);
    }
    const open = async (fields, yes) =>
      new URL((await keith.send("/new", fields, { pick: 'main form[action="/new"]', agree: yes })).url).pathname.slice(0, 70);
    await keith.page.goto(`${keith.own}/new`);
    await keith.fill({ title: "Broadband price", other: "Northlink Ltd" });
    await keith.press();
    await look(keith.page, "a new case, the exact text");
    const alone = await open({ title: "Kitchen worktop, wrong colour", other: "Worktops & More" }, "alone");
    await at(keith, alone, "a case alone");
    const rich = await open({ title: "Broadband price", other: "Northlink Ltd", "with-1": "Lex", "role-1": "arbiter" }, "alone");
    const closed = await open({ title: "Router sent back", other: "Northlink Ltd" }, "invite");
    await keith.page.goto(`${keith.own}/new/repair-visit`);
    await look(keith.page, "by a template");
    await keith.press();
    await look(keith.page, "by a template, nothing answered");
    const template = new URL((await keith.send("/new/repair-visit", {
      title: "Boiler drips", other: "Northlink Ltd", "q-thing": "The boiler", "q-fault": "It drips.", "q-visit": "2026-07-09 12:00", "q-most": "80 GBP",
    }, { pick: "main form", agree: "invite" })).url).pathname.slice(0, 70);
    const invited = async (cased, seat) => {
      const links = async () => {
        await keith.page.goto(`${keith.own}${cased}/invite`);
        return keith.page.locator("textarea.link").evaluateAll((all) => all.map((one) => one.value));
      };
      const before = await links();
      if (seat === undefined) {
        return before[0];
      }
      const value = await keith.page.locator("input[name=seat]").nth(seat).getAttribute("value");
      await keith.send(`${cased}/invite`, { seat: value }, { pick: `main form[action="${cased}/do/invite"]` });
      return (await links()).find((link) => !before.includes(link));
    };
    const first = await invited(closed);
    await at(keith, `${closed}/invite?new=1`, "an invitation, new");
    const taken = await invited(alone, 0);
    await at(keith, `${alone}/invite`, "an invitation");
    await at(keith, (await keith.page.locator('a[href*="/do/uninvite"]').first().getAttribute("href")), "uninvite");
    await keith.send(await keith.page.evaluate(() => location.pathname + location.search), {}, { pick: 'main form' });
    await at(keith, `${alone}/invite`, "an invitation taken back");
    const seats = [await invited(rich, 0), await invited(rich, 1)];
    said("opened");

    // Joining: by no link, by one's own, out of reach, turned down, in.
    const ask = (person, link) => person.send("/join", { link }, { pick: 'main form[action="/join"]' });
    await at(keith, "/join", "join");
    await keith.fill({ link: seats[0] });
    await keith.press('main form[action="/join"] button');
    await look(keith.page, "join by one's own link");
    await northlink.begin("Northlink Ltd");
    await at(northlink, "/join");
    await northlink.fill({ link: "no link" });
    await northlink.press('main form[action="/join"] button');
    await look(northlink.page, "join by no link");
    await northlink.fill({ link: first });
    await northlink.press('main form[action="/join"] button');
    await look(northlink.page, "join, the exact text");
    await keith.stop();
    await northlink.page.click('form.signing button[type="submit"]:not(.second)');
    await northlink.page.locator(".card.theirs").waitFor();
    await northlink.page.locator(".card.theirs .badge").waitFor();
    await look(northlink.page, "join, not reached");
    await keith.start();
    await lex.begin("Lex");
    await lex.page.goto((await ask(lex, taken)).url);
    await lex.page.locator("main .notice.bad").waitFor();
    await look(lex.page, "join, turned down");
    said("turned down");
    await northlink.page.locator("main .notice.good").waitFor();
    await look(northlink.page, "join, in");
    said("let in");
    const comes = async (person, link) => {
      await person.page.goto((await ask(person, link)).url);
      await person.page.locator("main .notice.good").waitFor();
    };
    await comes(northlink, seats[0]);
    // Whoever comes later is let in by all.
    await northlink.signs(rich, "accept", await keith.signs(rich, "admit"));
    await comes(lex, seats[1]);
    said("joined");

    // Closed.
    const kept = await keith.signs(closed, "propose", null, { what: "Send back the old router", way: "mine", due: "2026-07-20 17:00" });
    await northlink.signs(closed, "accept", kept);
    await northlink.signs(closed, "approve", await keith.signs(closed, "declare", kept));
    await at(keith, `${closed}/do/close`, "closing");
    const closing = await keith.signs(closed, "close", null, { summary: "All is done." });
    await northlink.has(closed);
    await at(northlink, closed, "closing proposed");
    await northlink.signs(closed, "accept", closing);

    // Everything that there is.
    const [k, n, l] = [keith, northlink, lex].map((person) => (kind, of, fields, query) => person.signs(rich, kind, of, fields, query));
    await k("item", null, { key: "account_no", value: "NL-4471-22" }, "?type=text");
    const price = await k("item", null, { key: "price_now", value: "49.99", detail: "GBP" }, "?type=money");
    await n("item", null, { key: "price_now", value: "52.99", detail: "GBP", note: "From the bill of June" }, "?type=money");
    const file = await k("attach", null, { file: "advert.png" });
    await k("attach", null, { file: "bill.pdf" });
    await k("card", null, { name: "Keith", telephone: "+44 20 7946 0018" });
    await n("card", null, { name: "Priya", role: "customer care", telephone: "+44 20 7946 0100" });
    const noted = await k("contact", null, {
      channel: "e-mail", summary: "They will look into the price and ring me back.", person: "Dean", what: "Ring back", by: "2026-07-07 12:00",
    });
    const ring = await k("propose", null, {
      what: "Ring Keith with a decision", way: "theirs", person: "Priya", due: "2026-07-08 17:00", conditions: "By telephone\nNot before nine",
      value: "20 GBP", "cancel-by.0": "@2", "cancel-text.0": "If it rains", deemed: "3 days",
    });
    await n("accept", ring);
    const advert = await k("propose", null, { what: "Send a screenshot of the advert", way: "mine", due: "2026-07-07 17:00" });
    await n("accept", advert);
    await k("declare", advert, { note: "Attached" });
    const offer = await n("propose", null, { what: "Charge £29.99 a month, for 24 months", way: "theirs", value: "20 GBP" });
    await k("counter", offer, { what: "Charge £24.99 a month, for 12 months", value: "25 GBP", note: "As in the advert" });
    await n("declare", ring, { note: "Rang at four" });
    await n("progress", ring, { text: "The manager is on holiday" });
    const paper = await k("propose", null, { what: "Send a paper bill", way: "theirs", due: "2026-07-10 12:00", confirm: "1" });
    await n("accept", paper);
    const phone = await k("propose", null, { what: "Send a new router", way: "theirs", due: "2026-07-20 12:00" });
    await n("accept", phone);
    await k("propose", null, { what: "Send somebody who looks at the line", way: "theirs", due: "2026-07-09 12:00" });
    await k("note", null, { text: "I wrote this by mistake" });
    said("acted");
    await later("2026-07-15T10:00+01:00", [keith, northlink, lex]);
    const late = await k("missed", paper);
    await n("dispute", late, { reason: "It was in the post on the tenth" });
    await k("erase", file, { reason: "It shows my address" });
    await k("release", advert, { reason: "Not needed any more" });
    await l("note", null, { text: "I have read all of it." });
    said("a week later");

    // Somebody who acts for the firm.
    const plain = async (person, path, fields, form) => (await person.send(path, fields, { pick: `form[action="${form}"]` })).link[0];
    await priya.start();
    await at(priya, "/welcome");
    await at(priya, "/agents", "agents of a machine without an identity");
    await northlink.page.goto(`${northlink.own}/agents`);
    const identity = (await northlink.page.locator("main").textContent()).match(/[0-9a-f]{64}/)[0];
    const request = await plain(priya, "/agents", { name: "Priya", party: identity }, "/agents/ask");
    await at(priya, "/agents", "agents, asked");
    await northlink.page.goto(`${northlink.own}/agents`);
    await northlink.fill({ request });
    await northlink.press('form[action="/agents/add"] button');
    await look(northlink.page, "agents, the exact text");
    const grant = await plain(northlink, "/agents", { request }, "/agents/add");
    await plain(priya, "/agents", { grant }, "/agents/take");
    await northlink.signs(rich, "mandate", null, { ceiling: "£15" });
    await at(northlink, "/agents", "agents, one");
    said("an agent");

    // A call: before, while it rings, while one talks, after.
    const call = `${rich}/call`;
    await at(keith, call, "a call, before");
    await keith.press('button[value="begin"]');
    await look(keith.page, "a call, ringing");
    await at(keith, `${rich}/do/contact`, "a contact while a call goes on");
    await at(keith, call);
    await keith.press('button[name="tap"][value="2"]');
    await keith.press('button[value="answered"]');
    await keith.fill({ person: "Dean", summary: "He says that it is too late." });
    await look(keith.page, "a call, talking");
    await keith.press('button[value="over"]');
    await look(keith.page, "a call, over");
    await keith.press('button[value="sign"]');
    await look(keith.page, "a call, the exact text");
    await at(keith, call);
    await keith.press('button[value="drop"]');
    await look(keith.page, "a call, thrown away");

    // Writing together.
    const draft = `${rich}/draft`;
    await at(keith, draft, "a draft, nothing yet");
    await keith.page.click('button[value="add-action"]');
    await keith.page.locator('[data-row] textarea[name^="what."]').first().fill("Charge the price of the advert");
    await keith.page.getByText("Everything is kept").waitFor();
    await at(keith, draft, "a draft");
    await keith.press('button[value="propose"]');
    await look(keith.page, "a draft, proposed");
    said("calls and drafts");

    // The notebook, letters, what is made to be taken away.
    await at(keith, "/notebook");
    for (const kind of ["number", "path", "person", "note"]) {
      const form = `main form:has(input[name=kind][value=${kind}])`;
      await keith.page.goto(`${keith.own}/notebook`);
      const fields = await keith.page.locator(form).locator("input:not([type=hidden]), textarea").evaluateAll((all) => all.map((one) => one.name));
      await keith.press(`${form} button`);
      await look(keith.page, `the notebook, ${kind}, nothing typed`);
      const typed = Object.fromEntries(fields.map((name) => [name, /number|line/.test(name) ? "+44 20 7946 0100" : /steps|path/.test(name) ? "1 English" : "Northlink Ltd"]));
      await keith.send("/notebook", typed, { pick: form }).catch((why) => said(why.message));
    }
    await at(keith, "/notebook", "the notebook, filled");
    await keith.press('form[action="/notebook/remove"] button');
    await look(keith.page, "the notebook, taken out");
    await keith.send(`${rich}/call`, { text: "They want to keep me" }, { pick: 'main form[action="/notebook/add"]' });
    await at(keith, `${rich}/letters`, "letters");
    if (await keith.page.locator('button[value="send"]').count()) {
      await keith.press('button[value="send"]');
      await look(keith.page, "a letter, the exact text");
    }
    await at(keith, `${rich}/letters`);
    if (await keith.page.locator('button[value="allow"]').count()) {
      await keith.press('button[value="allow"]');
      await look(keith.page, "a standing consent");
    }
    await at(keith, `${template}/steps`, "steps");
    await at(keith, `${rich}/proof`);
    await keith.press('button[value="bundle"]');
    await look(keith.page, "a file to take away");
    said("letters and the rest");

    // Whatever the pages lead to, by each of them.
    const people = [keith, northlink, lex];
    const cases = [rich, closed, alone, template];
    const pages = about.routes.filter((path) => path.startsWith("/case/{id}") && !/\{/.test(path.slice(10)));
    for (const [n, cased] of cases.entries()) {
      // Of the others those that are otherwise there.
      for (const path of pages.filter((path) => all || n === 0 || /\}$|\/(files|draft|picture|invite|steps|letters|facts)$/.test(path))) {
        await at(keith, path.replace("/case/{id}", cased), `case ${n} ${path.slice(10)}`);
      }
    }
    const crawler = new Crawler(keith, { texts: [], each: 1 });
    await crawler.start();
    const found = (await crawler.crawl(["/", rich])).pages.filter((url) => !/\/do\/|\/report$/.test(url));
    const kinds = await keith.page.evaluate((all) => all.map((url) => window.crawler.pattern(url)), found);
    const paths = new Set();
    for (const [n, url] of found.entries()) {
      const path = kinds[n].split("?")[0];
      if (/[?*]|\/N$/.test(kinds[n]) && (all || !paths.has(path))) {
        paths.add(path);
        await at(keith, url, kinds[n]);
      }
    }
    for (const path of ["/", "/cases", "/promises"]) {
      await at(keith, path, `in use ${path}`);
    }
    assert.deepEqual(crawler.bad, []);
    said("crawled");

    // Every form, by whoever has something to do by it: the list where it can be about several, the form, and what comes of
    // it sent as it is: the exact text, or what is missing.
    const ways = await Promise.all(people.map((person) => person.page.evaluate(async (cased) => {
      const got = async (path) => new DOMParser().parseFromString(await (await fetch(path)).text(), "text/html");
      const leads = async (paths) => (await Promise.all(paths.map(got)))
        .flatMap((page) => [...page.querySelectorAll("main a[href]")].map((a) => a.getAttribute("href")));
      const first = await leads(["", "?view=list", "/people", "/files", "/facts", "/call", "/invite", "/do/item", "/steps"].map((end) => cased + end));
      const matters = [...new Set(first.filter((path) => /\/(action|facts)\/[^/]+$/.test(path)))];
      return [...new Set([...first, ...await leads(matters)])].filter((path) => path.startsWith(`${cased}/do/`));
    }, rich)));
    const press = "main form button[value=sign], main form:not(.undo, .kept form) button:not([type=button], .by-enter, .implied, .second)";
    // One list of what a form can be about, and one exact text, stand for the others where there is not much time.
    let [exact, lists] = [false, false];
    // Each of them has a program and a browser, and goes through their own forms.
    const queues = new Map(people.map((person) => [person, []]));
    for (const kind of about.kinds) {
      const led = ways.flatMap((paths, n) => paths.filter((path) => path.split(/[?]/)[0].endsWith(`/do/${kind}`)).map((path) => [people[n], path]));
      const asked = led.filter(([, path]) => path.includes("?"));
      const owner = kind === "item" ? keith : (asked[0] ?? led[0])?.[0] ?? keith;
      queues.get(owner).push(async () => {
        if (asked.length === 0 || !["item", "share"].includes(kind)) {
          await at(owner, `${rich}/do/${kind}`, `form ${kind}`, undefined, asked.length > 0 && lists);
          lists ||= await owner.page.locator("#which a").count() > 0;
        }
        const first = owner.page.locator(`#which a[href*="/do/${kind}?about="]`).first();
        if (asked.length === 0 && await first.count()) {
          asked.push([owner, await first.getAttribute("href")]);
        }
        // Each kind of fact has fields of its own.
        const chosen = kind === "item" ? [...new Map(asked.map(([, path]) => [path.match(/type=(\w+)/)?.[1], [keith, path]])).values()] : asked.slice(0, 1);
        for (const [n, [person, path]] of chosen.entries()) {
          await at(person, path, `form ${kind} of one`);
          if (n === 0 && await person.page.locator(press).count()) {
            await person.press(press);
            const signing = await person.page.locator("form.signing").count();
            if (all || !signing || !exact) {
              await look(person.page, `form ${kind}, sent`);
            }
            exact ||= signing > 0;
          }
        }
      });
    }
    await Promise.all([...queues.values()].map(async (queue) => {
      for (const one of queue) {
        await one();
      }
    }));
    said("forms");

    // What is shown in place of a page.
    const nobody = { own: keith.own, faults: [] };
    for (const path of ["/nowhere", `/case/${"0".repeat(64)}`, `${rich}/entry/9999`, `${rich}/facts/none`, `${rich}/files/9999`, `${rich}/do/amend?about=1`, "/keep"]) {
      await at(keith, path);
    }
    mkdirSync(join(about.folder, "1", "keith", "templates"), { recursive: true });
    writeFileSync(join(about.folder, "1", "keith", "templates", "broken.toml"), "title = ");
    await at(keith, "/new", "a broken template in the list");
    await at(keith, "/new/broken");
    await keith.page.goto(`${keith.own}/settings`);
    const settings = 'main form[action="/settings/name"]';
    await keith.page.locator(settings).evaluate((form) => { form.elements.form.value = "AAAA"; form.noValidate = true; form.submit(); });
    await keith.page.locator("section.problem").waitFor();
    await look(keith.page, "a form from elsewhere");
    await keith.page.goto(`${keith.own}/settings`);
    await keith.page.locator(settings).evaluate((form) => { form.enctype = "text/plain"; form.submit(); });
    await keith.page.locator("section.problem").waitFor();
    await look(keith.page, "a form that is none");
    await keith.page.goto(`${keith.own}/new`);
    await keith.page.evaluate(() => { document.querySelector("#about").value = "typed by somebody ".repeat(1024 * 1024); });
    await keith.fill({ title: "x", other: "y" });
    await keith.press();
    await keith.page.locator("section.problem").waitFor();
    await look(keith.page, "too long");
    const stranger = await (await watched(nobody, [403, 421])).newPage();
    for (const path of ["/cases", "/open?token=x"]) {
      await at({ own: keith.own }, path, `not let in ${path}`, stranger);
    }
    const old = await outside("link keith at 2026-07-15T09:49:30+01:00[Europe/London]");
    await at({ own: "" }, old, "an old link", stranger);
    const named = { own: keith.own.replace("127.0.0.1", "other.localhost"), faults: [] };
    await at(named, "/", "another name", await (await watched(named, [421])).newPage());
    said("problems");

    // Words of another language are longer.
    const german = { own: keith.own, faults: [] };
    const deutsch = await (await watched(german, [404], { locale: "de-DE" })).newPage();
    await deutsch.goto(await outside("link keith"));
    assert.equal(await deutsch.evaluate(() => document.documentElement.lang), "de");
    const words = [...about.routes.filter((path) => !/\{|^\/(open|live|welcome|calendar|promises\.)/.test(path)), "/nowhere", "/new/repair-visit",
      ...[...pages, `/case/{id}/action/${ring}`, `/case/{id}/entry/${ring}`, `/case/{id}/facts/price_now`,
        ...["propose", "item?type=money", "missed", `release?about=${advert}`, "mandate", "close", "contact"].map((form) => `/case/{id}/do/${form}`),
      ].filter((path) => !path.endsWith("/report")).map((path) => path.replace("/case/{id}", rich))];
    for (const path of words.filter((path) => all || /^\/(settings|promises|new|nowhere)$|\/(record|people|proof|call|letters|draft|[0-9a-f]{64})$|do\/(propose|mandate)/.test(path))) {
      await at(german, path, `german ${path}`, deutsch);
    }
    await keith.page.goto(`${keith.own}/settings`);
    await keith.page.click('form[action="/leave"] button');
    await keith.page.locator("section.problem").waitFor();
    await look(keith.page, "signed out");
    said("in German");

    const absent = (all, known) => all.filter((one) => !known.has(one));
    assert.deepEqual(bad, []);
    assert.deepEqual(absent(about.routes, seen.routes).sort(), saved, "every page was looked at");
    assert.deepEqual(absent(about.kinds, seen.kinds), empty, "every form was looked at");
    const untold = about.problems.filter(([, title]) => !seen.problems.has(title)).map(([key]) => key);
    assert.deepEqual(untold, unreached, "every page that stands in place of another");
    // Under another name the style is refused as well, which the browser remarks.
    for (const { name, faults } of [...people, priya, nobody, german]) {
      assert.deepEqual(faults, [], name);
    }
    console.log(`${looked} pages looked at`);
  },
}, anew);
