// The price of broadband, by clicks: two parties, a program and a browser each, from the first start to the closed case.
// See tests/together/main.rs.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Person, about, anew, look, outside, run, sizes } from "./stage.mjs";

const clock = (at) => outside(`clock ${at}[Europe/London]`);

// Everybody's programs are started anew at another time.
const later = async (at, people) => {
  for (const person of people) {
    await person.stop();
  }
  await clock(at);
  for (const person of people) {
    await person.start();
  }
};

// From an empty home to a case and the link that invites the other side.
const invited = async (keith) => {
  await keith.start();
  await keith.fill({ name: "Keith" });
  await keith.click('main button[type="submit"]');
  if (!keith.page.url().endsWith("/new")) {
    await keith.click('main a[href="/new"]');
  }
  await keith.fill({ title: "Broadband price", other: "Northlink Ltd" });
  await keith.click('main form button[type="submit"]');
  await keith.page.locator("form.signing").waitFor();
  if (keith.looks) {
    await look(keith.page, "new-review");
  }
  await keith.click('form.signing button[type="submit"]');
  await keith.page.waitForURL(/\/case\//);
  if (!(await keith.page.locator("textarea.link").count())) {
    if (!keith.page.url().includes("/invite")) {
      await keith.click('main a[href$="/invite"]');
    }
    await keith.sign();
  }
  const link = await keith.page.locator("textarea.link").first().inputValue();
  assert.match(link, /^counterpart:join#/);
  return link;
};

const joined = async (northlink, link) => {
  await northlink.start();
  await northlink.fill({ name: "Northlink Ltd" });
  await northlink.click('main button[type="submit"]');
  await northlink.click('main a[href="/join"]');
  await northlink.fill({ link });
  await northlink.click('main form[action="/join"] button[type="submit"]');
  if (await northlink.page.locator("form.signing").count()) {
    await northlink.click('form.signing button[type="submit"]:not(.second)');
  }
  // With script the page says by itself that the other side has let them in.
  await northlink.until(northlink.page.locator('main a[href^="/case/"]').first());
  await northlink.click('main a[href^="/case/"]');
};

// Two parties in one case.
const both = async (options = {}) => {
  const keith = new Person("keith", options);
  const northlink = new Person("northlink", options);
  await clock("2026-07-06T10:00+01:00");
  await joined(northlink, await invited(keith));
  await keith.sees("Northlink Ltd");
  return [keith, northlink];
};

const leave = async (...people) => {
  for (const person of people) {
    assert.deepEqual(person.faults, []);
    await person.stop();
  }
};

// The short way from a proposal to a closed case.
const agreedAndDone = async (keith, northlink) => {
  const ring = await keith.act("propose", null,
    { what: "Ring Keith with a decision", way: "theirs", due: "2026-07-08 17:00" });
  await northlink.act("accept", ring);
  await keith.act("approve", await northlink.act("declare", ring));
  await northlink.act("accept", await keith.act("close"));
  await keith.sees("Closed");
};

await run({
  async "the price of broadband, from first start to closed case"() {
    const keith = new Person("keith");
    const northlink = new Person("northlink");
    keith.looks = true;
    await clock("2026-07-06T10:00+01:00");
    const link = await invited(keith);
    console.log(`from first start to an invitation: ${keith.clicks} clicks, ${keith.typed} fields typed`);
    await look(keith.page, "invite");
    await joined(northlink, link);
    await keith.sees("Northlink Ltd");

    for (const [kind, key, fields] of [
      ["text", "account_no", { value: "NL-4471-22" }],
      ["money", "price_now", { value: "49.99", detail: "GBP" }],
      ["date", "lockin_ended", { value: "2026-06-30" }],
    ]) {
      await keith.toForm("item");
      await keith.click(`main a[href*="type=${kind}"]`);
      await keith.fill({ key, ...fields });
      await keith.sign();
    }

    const ring = await keith.act("propose", null,
      { what: "Ring Keith with a decision", way: "theirs", person: "Priya", due: "2026-07-08 17:00" },
      ["Ring Keith with a decision", "Priya"]);
    const advert = await keith.act("propose", null,
      { what: "Send a screenshot of the advert", way: "mine", due: "2026-07-07 17:00" });
    // The other side hears of it without loading its page again.
    await northlink.sees("Send a screenshot of the advert");
    await look(northlink.page, "overview-proposals");
    await northlink.act("accept", ring);
    await northlink.act("accept", advert);

    const file = join(about.folder, "advert.png");
    writeFileSync(file, "Fibre150 now 24.99");
    await keith.toCase();
    await keith.click('a[href$="/do/attach"]');
    await keith.fill({ file });
    await keith.sign(["advert.png"]);
    await northlink.act("approve", await keith.act("declare", advert));
    await keith.sees("Completed");

    await later("2026-07-08T17:30+01:00", [keith, northlink]);
    await look(keith.page, "today");
    await keith.act("missed", ring);
    await northlink.act("amend", ring, { due: "2026-07-10 12:00", note: "I am still waiting for an answer here" });
    await look(northlink.page, "action-change-proposed");
    const again = new URL(northlink.page.url()).searchParams.get("signed");
    await keith.act("accept", again);

    await later("2026-07-10T12:30+01:00", [keith, northlink]);
    await keith.act("missed", ring);
    await northlink.act("amend", ring, { person: "Tom", due: "2026-07-13 16:00" });
    await keith.act("accept", new URL(northlink.page.url()).searchParams.get("signed"));

    await later("2026-07-11T10:00+01:00", [keith, northlink]);
    const offer = await northlink.act("propose", null, {
      what: "Charge £29.99 a month from 1 August, for 24 months", way: "mine", value: "20 GBP",
    });
    // Both answer it, and neither knows of the other.
    await keith.sees("for 24 months");
    await northlink.stop();
    const wish = await keith.act("counter", offer,
      { what: "Charge £24.99 a month from 1 August, for 12 months", value: "25 GBP" }, ["24.99"]);
    await keith.stop();
    await northlink.start();
    const better = await northlink.act("counter", offer,
      { what: "Charge £27.99 a month from 1 August, for 18 months", value: "22 GBP" });
    await keith.start();
    await keith.sees("for 18 months");
    await northlink.sees("for 12 months");
    await look(keith.page, "overview-both-answered");
    console.log(`both answered ${offer}: ${wish} and ${better}`);

    await later("2026-07-13T15:00+01:00", [keith, northlink]);
    await keith.toCase();
    await keith.click('a[href*="/do/decline?about="]');
    assert.match(await keith.page.locator("main").innerText(), /27\.99/, "what is declined is shown");
    await keith.sign();
    await northlink.toCase();
    await northlink.click('a[href*="/do/counter?about="]');
    await northlink.fill({ what: "Charge £26.99 a month from 1 August, for 12 months", value: "23 GBP" });
    const last = await northlink.sign(["26.99"]);
    await keith.act("accept", last);
    await keith.act("approve", await northlink.act("declare", ring, { note: "Rang, and agreed on a price" }));

    await later("2026-08-05T18:00+01:00", [keith, northlink]);
    await keith.act("reject", await northlink.act("declare", offer), { reason: "The August bill says 49.99" });
    const credit = await northlink.act("propose", null, {
      what: "Credit £23.00 for August", way: "mine", value: "23 GBP", due: "in 10 working days",
    });
    await keith.act("accept", credit);

    await later("2026-08-12T09:00+01:00", [keith, northlink]);
    const credited = await northlink.act("declare", credit);
    const charged = await northlink.act("declare", offer, { note: "Corrected bill sent: 26.99" });
    await keith.act("approve", credited);
    await keith.act("approve", charged);
    const closing = await keith.act("close", null, { summary: "26.99 for 12 months" });
    await northlink.act("accept", closing);
    await keith.sees("Closed");
    await look(keith.page, "overview-closed");

    // What both hold, looked at part by part.
    for (const part of ["record", "facts", "people", "files", "draft", "picture", "proof"]) {
      await keith.click(`nav.parts a[href$="/${part}"]`);
      await look(keith.page, part);
    }
    // One file for whoever has to judge it; another program says that it holds.
    await keith.click('button[value="bundle"]');
    const [given] = await Promise.all([keith.page.waitForEvent("download"), keith.click('main a.button[download]')]);
    const bundle = join(about.folder, "broadband-price.zip");
    await given.saveAs(bundle);
    assert.equal(await outside(`verify ${bundle}`), "holds");
    await keith.click('nav a[href="/promises"]');
    await look(keith.page, "promises");
    console.log(`Keith: ${keith.clicks} clicks, ${keith.typed} fields; Northlink: ${northlink.clicks}, ${northlink.typed}`);
    await leave(keith, northlink);
  },

  async "an agent stays within what her firm lets her"() {
    const [keith, northlink] = await both();
    const priya = new Person("priya");
    const toAgents = async (person) => {
      await person.click('nav a[href="/settings"]');
      await person.click('main a[href="/agents"]');
    };
    await toAgents(northlink);
    const identity = (await northlink.page.locator("main").textContent()).match(/[0-9a-f]{64}/)[0];
    await priya.start();
    await priya.click('main a[href="/agents"]');
    await look(priya.page, "agents-ask");
    await priya.fill({ name: "Priya", party: identity });
    await priya.click('form[action="/agents/ask"] button[type="submit"]');
    const request = await priya.page.locator("textarea[readonly]").first().inputValue();
    await northlink.fill({ request });
    await northlink.click('form[action="/agents/add"] button[type="submit"]');
    await look(northlink.page, "agents-add");
    await northlink.click('form.signing button[type="submit"]:not(.second)');
    const grant = await northlink.page.locator("textarea[readonly]").first().inputValue();
    await look(northlink.page, "agents");
    await priya.fill({ grant });
    await priya.click('form[action="/agents/take"] button[type="submit"]');
    // The firm gives her the case.
    await northlink.click('form[action="/agents"][method="get"] button[type="submit"]');
    const line = northlink.page.locator("textarea[readonly]").filter({ hasText: "counterpart:case" });
    const address = await line.first().inputValue();
    await toAgents(priya);
    await priya.fill({ address });
    await priya.click('form[action="/agents/follow"] button[type="submit"]');
    await priya.until(priya.page.getByText("is on this machine now"));
    await northlink.toCase();
    await northlink.click('nav.parts a[href$="/people"]');
    await northlink.click('main a[href*="/do/mandate"]');
    await look(northlink.page, "mandate");
    await northlink.fill({ ceiling: "£15" });
    await northlink.sign(["£15"]);

    const dear = await keith.act("propose", null,
      { what: "Charge £24.99 a month, for 12 months", way: "theirs", value: "25 GBP" });
    const cheap = await keith.act("propose", null, { what: "Send a paper bill", way: "theirs", value: "2 GBP" });
    await priya.sees("Send a paper bill");
    // What she may not sign is not offered to her; asked for all the same, it is refused.
    await priya.toCase();
    assert.equal(await priya.page.locator(`a[href$="/do/accept?about=${dear}"]`).count(), 0);
    await priya.page.goto(`${priya.page.url().split("?")[0]}/do/accept?about=${dear}`);
    await priya.click('main form:not(.signing) button[type="submit"]:not(.second)');
    await priya.page.locator("#errors").getByText("to at most £15").waitFor();
    await look(priya.page, "accept-refused");
    await priya.act("accept", cheap);
    await keith.sees("Agreed");
    await northlink.act("accept", dear);
    await leave(keith, northlink, priya);
  },

  async "the same without script, in short"() {
    const [keith, northlink] = await both({ javaScriptEnabled: false });
    await agreedAndDone(keith, northlink);
    await leave(keith, northlink);
  },

  async "the same on a screen of 320 pixels, in short"() {
    const [keith, northlink] = await both({ viewport: sizes.phone });
    await agreedAndDone(keith, northlink);
    await leave(keith, northlink);
  },

  async "the same sentence is written by both at once"() {
    const [keith, northlink] = await both();
    for (const person of [keith, northlink]) {
      await person.click('nav.parts a[href$="/draft"]');
    }
    await keith.click('button[value="add-action"]');
    const what = '[data-row] textarea[name^="what."]';
    const [ours, theirs] = [keith, northlink].map((person) => person.page.locator(what).first());
    await ours.waitFor();
    // It comes to the other side by itself.
    await theirs.waitFor();
    const same = async (words) => {
      for (const person of [keith, northlink]) {
        await person.page.waitForFunction(
          ([selector, words]) => words.every((w) => document.querySelector(selector)?.value.includes(w)), [what, words]);
      }
      await northlink.page.waitForFunction(
        ([selector, text]) => document.querySelector(selector).value === text, [what, await ours.inputValue()]);
    };
    await ours.pressSequentially("Charge the price of the advert", { delay: 20 });
    await same(["Charge the price of the advert"]);
    // One writes in front while the other writes behind, a key at a time.
    await ours.press("Control+Home");
    await theirs.click();
    await theirs.press("Control+End");
    await Promise.all([
      ours.pressSequentially("From August on: ", { delay: 40 }),
      theirs.pressSequentially(", for 12 months", { delay: 40 }),
    ]);
    await same(["From August on: Charge the price of the advert, for 12 months"]);
    // Both in the middle of the same word.
    const middle = (field) => field.evaluate((f) => {
      const at = f.value.indexOf("advert") + 3;
      f.focus();
      f.setSelectionRange(at, at);
    });
    await middle(ours);
    await middle(theirs);
    await Promise.all([ours.pressSequentially("ABC", { delay: 60 }), theirs.pressSequentially("xyz", { delay: 60 })]);
    await keith.page.waitForFunction(([selector]) => {
      const text = document.querySelector(selector).value;
      return [..."ABCxyz"].every((letter) => text.includes(letter));
    }, [what]);
    await same(["adv", "ert, for 12 months"]);
    console.log(`both in one word: ${await ours.inputValue()}`);
    await ours.fill("Charge the price of the advert, for 12 months");
    await same(["Charge the price of the advert, for 12 months"]);
    await look(keith.page, "draft-together");
    // Neither reaches the other, and both go on writing.
    await northlink.stop();
    await ours.press("Control+End");
    await ours.pressSequentially(", with no set-up fee");
    await keith.page.getByText("Everything is kept").waitFor();
    await keith.stop();
    await northlink.start();
    await northlink.toCase();
    await northlink.click('nav.parts a[href$="/draft"]');
    await theirs.press("Control+Home");
    await theirs.pressSequentially("Northlink will: ");
    await northlink.page.getByText("Everything is kept").waitFor();
    await keith.start();
    await keith.toCase();
    await keith.click('nav.parts a[href$="/draft"]');
    await same(["Northlink will: Charge", "12 months, with no set-up fee"]);
    // It becomes a proposal: what was displayed, letter by letter.
    await keith.page.locator('select[name^="by."]').first().selectOption({ label: "Northlink Ltd" });
    await keith.page.locator('select[name^="for."]').first().selectOption({ label: "Keith" });
    await keith.page.locator('input[name^="due."]').first().fill("2026-08-01 12:00");
    await keith.click('button[value="propose"]');
    const proposed = await keith.agree(["Northlink will: Charge the price of the advert, for 12 months, with no set-up fee"]);
    await northlink.act("accept", proposed);
    await keith.sees("Agreed");
    await leave(keith, northlink);
  },
}, anew);
