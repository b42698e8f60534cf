// Whatever somebody types, into whatever field, is text: on the page that answers, on every page of theirs, and on every
// page of the other side. See tests/together/main.rs.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Crawler } from "./crawl.mjs";
import { Person, about, anew, outside, run } from "./stage.mjs";

const { inner, wraps } = JSON.parse(readFileSync(new URL("hostile.json", import.meta.url)));
const hostile = inner.flatMap((text) => wraps.map((wrap) => wrap.replaceAll("{}", () => text)));
// By it somebody's text is found on a page again.
const mark = "Zqx";
const texts = hostile.map((text, n) => (n % 2 ? text : `${text}${mark}`));

const clock = (at) => outside(`clock ${at}[Europe/London]`);
// What a field takes that takes no text.
const guess = {
  date: "2026-07-20", time: "12:00", "datetime-local": "2026-07-20T12:00", number: "3", month: "2026-07",
  due: "2026-07-20 12:00", by: "2026-07-20", until: "2026-07-30", value: "20 GBP", ceiling: "£15", at: "2026-07-06 09:00",
  minutes: "5", waited: "2", passphrase: "correct horse battery", "passphrase-again": "correct horse battery",
  service: "https://127.0.0.1:9/", key: "k", name: "N", "": "x",
};

// These end what the others need: each is filled in as the others are, and signed when all is done.
const ends = (form) => /\/(leave|agents\/end|uninvite|language|close|sheet\/delete)\b/.test(form.action);

const both = async () => {
  const [keith, northlink] = [new Person("keith"), new Person("northlink")];
  await clock("2026-07-06T10:00+01:00");
  await keith.start();
  await keith.fill({ name: "Keith" });
  await keith.click('main button[type="submit"]');
  await keith.fill({ title: `${inner[0]}${mark}`, other: inner[1] });
  await keith.click('main form button[type="submit"]');
  await keith.click('form.signing button[type="submit"]');
  const link = await keith.page.locator("textarea.link").first().inputValue();
  await northlink.start();
  await northlink.fill({ name: `${inner[2]}${mark}` });
  await northlink.click('main button[type="submit"]');
  await northlink.page.goto(`${northlink.own}/join`);
  await northlink.fill({ link });
  await northlink.click('main form[action="/join"] button[type="submit"]');
  await northlink.click('form.signing button[type="submit"]:not(.second)');
  await northlink.until(northlink.page.locator('main a[href^="/case/"]').first());
  const file = join(about.folder, "<img src=x onerror=alert(1)> '.html");
  writeFileSync(file, "<script>alert(1)</script>");
  guess.file = file;
  return [keith, northlink];
};

await run({
  async "300 hostile texts in every field of every form"() {
    const people = await both();
    const started = Date.now();
    const crawlers = people.map((person) => new Crawler(person, { texts, marks: [mark], each: about.long ? 6 : 2 }));
    for (const [n, crawler] of crawlers.entries()) {
      await crawler.start();
      crawler.next = n * 150;
    }
    const outcomes = {};
    const kinds = new Map();
    for (let round = 0; round < (about.long ? 6 : 1); round += 1) {
      for (const crawler of crawlers) {
        const { forms } = await crawler.crawl();
        for (const all of forms.values()) {
          const chosen = all.slice(about.long ? -2 : -1);
          for (const form of chosen) {
            if (form.signing || form.action === "/leave" || (form.names.length + form.files === 0 && round === 0)
              // One template stands for all of them where there is not much time.
              || (!about.long && /^\/new\/(?!repair-visit)|^\/(join|agents|check)/.test(form.action))
              || (!about.long && ["signed", "done", "shown", "refused"].some((way) => kinds.get(form.key)?.includes(way)))) {
              continue;
            }
            const outcome = await crawler.act(form, guess, { sign: !ends(form) });
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
            if (about.verbose) {
              console.log(`${Date.now() - started} ${round} ${crawler.person.name} ${form.key}: ${outcome} ${outcome === "refused" ? crawler.why : ""}`);
            }
            kinds.set(form.key, [...(kinds.get(form.key) ?? []), outcome]);
          }
        }
      }
    }
    console.log(`acted after ${Date.now() - started} ms: ${JSON.stringify(outcomes)}`);
    let [pages, sums] = [0, []];
    for (const crawler of crawlers) {
      const { pages: all, forms } = await crawler.crawl();
      console.log(`crawled after ${Date.now() - started} ms: ${all.length} pages, ${forms.size} forms`);
      sums.push(await crawler.flood(forms, about.long ? hostile.length : 4));
      console.log(`flooded after ${Date.now() - started} ms`);
      pages += await crawler.walk(all, about.long || about.pictures);
      console.log(`walked after ${Date.now() - started} ms`);
    }
    const total = (part) => sums.reduce((sum, one) => sum + one[part], 0);
    const statuses = sums.map((one) => JSON.stringify(one.statuses)).join(" and ");
    console.log(`${hostile.length} texts, ${new Set(crawlers.flatMap((c) => [...c.found.keys()])).size} forms found, `
      + `${total("fields")} fields on both sides; ${total("sent")} forms sent with ${total("values")} texts, answered ${statuses}; `
      + `${new Set(crawlers.flatMap((c) => [...c.used])).size} different texts typed in the browser and `
      + `${new Set(crawlers.flatMap((c) => [...c.stored])).size} of them signed or kept; ${pages} pages walked with script`);
    for (const crawler of crawlers) {
      assert.deepEqual([...new Set(crawler.bad)], []);
      assert.deepEqual(crawler.person.faults, []);
    }
    if (about.long) {
      assert.ok(total("values") >= hostile.length * total("fields") / 2, "each text in each field");
    }
    for (const person of people) {
      await person.stop();
    }
  },

  async "the program stops while somebody writes, and nothing is lost"() {
    const keith = new Person("keith");
    await clock("2026-07-06T10:00+01:00");
    await keith.start();
    await keith.fill({ name: "Keith" });
    await keith.click('main button[type="submit"]');
    await keith.fill({ title: "Broadband price", other: "Northlink Ltd" });
    await keith.click('main form button[type="submit"]');
    await keith.click('form.signing button[type="submit"]');
    await keith.toForm("note");
    const written = "They hung up on me, twice.";
    const kept = keith.page.waitForResponse((answer) => answer.url().endsWith("/keep") && answer.ok());
    await keith.fill({ text: written });
    await kept;
    await keith.stop();
    await keith.page.locator("#said.loud").waitFor();
    assert.equal(await keith.page.inputValue("[name=text]"), written);
    // Sent all the same: the browser finds nobody, and whoever goes back finds what was written.
    await keith.page.click('main form button[type="submit"]').catch(() => {});
    await keith.page.waitForURL(/chrome-error|do\/note/);
    const [tab, form] = [await keith.context.newPage(), keith.page];
    const link = await outside("start keith");
    await tab.goto(link);
    keith.own = new URL(link).origin;
    await form.goto(`${keith.own}/`);
    await keith.toForm("note");
    assert.equal(await form.inputValue("[name=text]"), written, "still there");
    await keith.sign([written]);
    await keith.click('nav.parts a[href$="/record"]');
    await keith.until(keith.page.getByText(written).first());
    assert.deepEqual(keith.faults, []);
    await keith.stop();
  },
}, anew);
