// Uses the pages as a person does, in a real browser. What is to be done outside of it is asked for by a line on standard
// output and answered by a line on standard input: see crates/web/tests/browser.rs.

import assert from "node:assert/strict";
import { about, browser, look, outside, run, watched } from "./stage.mjs";

// A browser that comes in by a link. A form that was not right and one that was not let in are answers.
const context = async (link, options = {}) => {
  const whose = { own: new URL(link).origin, faults: [] };
  return { ...whose, made: await watched(whose, [403, 404, 413, 422], options) };
};

// Browsers move the focus with a picture of the page, a moment after its text is there.
async function focused(page, id) {
  await page.waitForFunction((id) => document.activeElement.id === id, id);
}

await run({
  async "from an empty home to an identity, by clicks and keys"() {
    const { made, faults, own } = await context(about.empty);
    const page = await made.newPage();
    await page.goto(about.empty);
    assert.equal(page.url(), `${own}/welcome`, "the link's secret is not in the address bar");
    await look(page, "welcome");
    // Far too much: told, and still there after going back.
    const letters = await page.evaluate(() => {
      const field = document.querySelector("#name");
      field.value = "typed by somebody ".repeat(1024 * 1024);
      return field.value.length;
    });
    await page.click("button[type=submit]");
    await page.getByText("That is too long").waitFor();
    await look(page, "too-long");
    await page.goBack();
    const kept = await page.evaluate(() => document.querySelector("#name").value.length);
    assert.equal(kept, letters, "all of it is still there");
    // By keyboard alone: skip link first, then the navigation, the name, the button.
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.fill("#name", "x".repeat(101));
    await page.keyboard.press("Enter");
    await page.waitForSelector("#errors");
    assert.equal(await page.inputValue("#name"), "x".repeat(101), "what was typed is still there");
    // The reader is told at once.
    await focused(page, "errors");
    await look(page, "welcome-wrong");
    await page.click("#errors a");
    await focused(page, "name");
    await page.fill("#name", "Ann Miller");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${own}/new`);
    await look(page, "new");
    await page.goto(`${own}/`);
    await page.getByText("Hello Ann Miller").waitFor();
    await look(page, "today-empty");
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByText("Running, together with these pages.").waitFor();
    await look(page, "settings");
    await page.getByRole("link", { name: "Cases" }).click();
    await look(page, "cases-empty");
    const cookies = await made.cookies();
    assert.equal(cookies.length, 1);
    assert.ok(cookies[0].httpOnly && cookies[0].sameSite === "Strict" && cookies[0].path === "/");
    assert.equal(await page.evaluate(() => document.cookie), "");
    assert.deepEqual(faults, []);
  },

  async "the same without script"() {
    const { made, faults, own } = await context(about.plain, { javaScriptEnabled: false });
    const page = await made.newPage();
    await page.goto(about.plain);
    await page.fill("#name", "Ben");
    await page.click("button[type=submit]");
    await page.waitForURL(`${own}/new`);
    await page.goto(`${own}/`);
    await page.getByText("Hello Ben").waitFor();
    for (const name of ["Cases", "Check a file", "Settings", "Today"]) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1 }).waitFor();
    }
    await page.goto(`${own}/check`);
    await page.setInputFiles("#file", about.bundle);
    await page.click("button[type=submit]");
    await page.getByText("This file is sound").waitFor();
    await page.goto(`${own}/settings`);
    await page.getByText("The whole of it").click();
    await page.getByRole("button", { name: "Sign this browser out" }).click();
    await page.getByText("This browser is signed out").waitFor();
    await page.goto(`${own}/`);
    await page.getByText("This browser is not let in").waitFor();
    assert.deepEqual(faults, []);
  },

  async "from a new case to an invitation, and what is around"() {
    const { made, faults, own } = await context(about.plain);
    const page = await made.newPage();
    await page.goto(await outside("a link to the plain home"));
    await page.goto(`${own}/new`);
    await page.fill("#title", "<b>Broadband</b> drops");
    await page.fill("#other", "Northlink Ltd");
    // What is being written comes back after a reload.
    await page.waitForResponse(`${own}/keep`);
    await page.reload();
    assert.equal(await page.inputValue("#other"), "Northlink Ltd");
    await page.getByRole("button", { name: "Show me what I sign" }).click();
    await page.getByRole("heading", { name: "Read this before you sign it" }).waitFor();
    await look(page, "new-review");
    await page.getByRole("button", { name: /make the link to invite/ }).click();
    await page.getByText("the link is ready").waitFor();
    assert.ok(!page.url().includes("counterpart:join"), "the secret is in no address");
    const link = await page.locator("textarea.link").first().inputValue();
    assert.match(link, /^counterpart:join#[A-Za-z0-9_-]+$/);
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
    await look(page, "invite");
    await page.getByRole("link", { name: "Take this invitation back" }).click();
    await look(page, "uninvite");
    await page.goto(`${own}/new/missed-callback`);
    await page.click("main form button[type=submit]");
    await look(page, "new-template");
    // What stands behind # is taken out of the address.
    await page.goto(`${own}/join#${encodeURIComponent(link)}`);
    assert.equal(await page.inputValue("#link"), link);
    assert.equal(page.url(), `${own}/join`);
    await page.fill("#link", "no invitation");
    await page.getByRole("button", { name: "Show me what this means" }).click();
    await page.waitForSelector("#errors");
    await look(page, "join-wrong");
    for (const [path, name] of [["/agents", "agents"], ["/settings/sheet", "sheet"]]) {
      await page.goto(`${own}${path}`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
      await look(page, name);
    }
    assert.deepEqual(faults, []);
    await made.close();
  },

  // Words of another language are longer: the same widths, and nothing reads as English but what is marked so.
  async "the same in German"() {
    const { made, faults, own } = await context(about.plain, { locale: "de-DE" });
    const page = await made.newPage();
    await page.goto(await outside("a link to the plain home"));
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    await page.goto(`${own}/cases`);
    await page.getByRole("heading", { level: 1, name: "Fälle" }).waitFor();
    await page.locator("main th a.name").first().click();
    await page.getByRole("link", { name: "Übersicht" }).waitFor();
    const open = page.url().split("?")[0];
    const paths = ["/settings", "/agents", "/notebook", "/promises", "/new", "/join", "/check"].map((path) => [path, path.slice(1)]);
    for (const [path, name] of [...paths, ...["", "/record", "/people", "/facts", "/picture", "/proof", "/letters", "/call", "/draft", "/own", "/invite", "/do/propose", "/do/item", "/do/clocks"].map((end) => [`${new URL(open).pathname}${end}`, `case${end.replaceAll("/", "-")}`])]) {
      await page.goto(`${own}${path}`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
      await look(page, `german-${name}`);
    }
    // Chosen, it counts more than what the browser says.
    await page.goto(`${own}/settings`);
    await page.selectOption("#language", "en");
    await page.locator("form[action='/settings/language'] button").click();
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    assert.deepEqual(faults, []);
    await made.close();
  },

  async "every page of a home in use"() {
    const { made, faults, own } = await context(about.busy);
    const page = await made.newPage();
    await page.goto(about.busy);
    await page.getByRole("heading", { name: /^Your move/ }).waitFor();
    await page.getByText("Your node is not running").waitFor();
    await look(page, "today");
    await page.goto(`${own}/cases`);
    await look(page, "cases");
    await page.goto(`${own}/cases?which=overdue`);
    await look(page, "cases-overdue");
    await page.fill("#text", "broadband");
    await page.selectOption("#which", "");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByText("1 case", { exact: true }).waitFor();
    await look(page, "cases-found");
    await page.getByRole("link", { name: "Show all cases" }).click();
    await page.getByRole("link", { name: "Broadband drops every evening" }).click();
    await page.getByRole("heading", { name: "Begin here" }).waitFor();
    await look(page, "case-alone");
    const open = page.url().split("?")[0];
    for (const [end, name] of [["/record", "record"], ["/entry/1", "entry"], ["/facts", "facts-none"], ["/people", "people"], ["/files", "files-none"], ["/picture", "picture"], ["/proof", "proof"], ["/own", "own"], ["/do/clocks", "clocks"]]) {
      await page.goto(`${open}${end}`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
      await look(page, name);
    }
    await page.goto(`${own}/promises`);
    await look(page, "promises");
    await page.goto(`${own}/style`);
    await look(page, "style");
    await page.goto(`${own}/nowhere`);
    await look(page, "absent");
    await page.goto(`${own}/check`);
    await look(page, "check");
    await page.setInputFiles("#file", about.bundle);
    await page.click("button[type=submit]");
    await page.getByText("This file is sound").waitFor();
    await focused(page, "outcome");
    await look(page, "check-good");
    await page.setInputFiles("#file", about.altered);
    await page.click("button[type=submit]");
    await page.getByText("This file does not hold").waitFor();
    await look(page, "check-bad");
    await page.goto(about.busy);
    assert.equal(page.url(), `${own}/`, "a used link in a browser that is in leads on");
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    const other = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await other.goto(about.busy);
    await other.getByText("This link does not work").waitFor();
    await look(other, "link-used");
    await other.goto(`${own}/cases`);
    await other.getByText("counterpart web", { exact: true }).waitFor();
    await look(other, "not-let-in");
    assert.deepEqual(faults, []);
    await made.close();
  },

  async "a file dropped on the page is taken"() {
    const link = await outside("another link");
    const { made, faults, own } = await context(link);
    const page = await made.newPage();
    await page.goto(link);
    await page.goto(`${own}/check`);
    await page.evaluate(() => {
      const held = new DataTransfer();
      held.items.add(new File(["no bundle"], "<b>x</b>.zip"));
      document.querySelector("h1").dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
    });
    await page.click("button[type=submit]");
    await page.getByText("This file does not hold").waitFor();
    await page.getByText("<b>x</b>.zip").waitFor();
    assert.deepEqual(faults, []);
    await made.close();
  },

  async "a link on another site's page lets the browser in"() {
    const link = await outside("another link");
    const made = await browser.newContext({ locale: "en-GB" });
    const page = await made.newPage();
    await made.route("http://example.org/**", (route) =>
      route.fulfill({ contentType: "text/html", body: `<a href="${link}">in</a>` }));
    await page.goto("http://example.org/");
    await page.click("a");
    await page.getByRole("heading", { name: "Today" }).waitFor();
    assert.equal(page.url(), `${new URL(link).origin}/`);
    await made.close();
  },

  async "another site's page and another port's page get nowhere"() {
    const link = await outside("another link");
    const own = new URL(link).origin;
    const made = await browser.newContext({ locale: "en-GB" });
    const page = await made.newPage();
    await page.goto(link);
    for (const site of ["http://example.org/", "http://127.0.0.1:9/"]) {
      await made.route(`${site}**`, (route) => route.fulfill({
        contentType: "text/html",
        body: `<form method=post action="${own}/leave"><button>x</button></form><img src="${own}/settings">`,
      }));
      const evil = await made.newPage();
      await evil.goto(site);
      const read = await evil.evaluate(async (url) => {
        try {
          return (await fetch(url, { credentials: "include" })).status;
        } catch {
          return "refused";
        }
      }, `${own}/cases`);
      assert.equal(read, "refused");
      await evil.click("button");
      await evil.getByText("This did not come from these pages").waitFor();
      await evil.goto(`${site}frame`);
      await evil.setContent(`<iframe src="${own}/cases"></iframe>`);
      await evil.waitForLoadState("load");
      const framed = await evil.frames()[1].evaluate(() => document.body.textContent);
      assert.ok(!framed.includes("Opened") && !framed.includes("Your move"), framed);
      await evil.close();
    }
    await page.goto(`${own}/cases`);
    await page.getByRole("heading", { name: "Cases" }).waitFor();
    await made.close();
  },

  async "seven tabs are told, and one stream is open"() {
    const link = await outside("another link");
    const { made, faults, own } = await context(link);
    let streams = 0;
    made.on("request", (request) => (streams += request.url().endsWith("/live") ? 1 : 0));
    const tabs = [];
    for (let n = 0; n < 7; n += 1) {
      tabs.push(await made.newPage());
      await tabs[n].goto(n ? `${own}/cases` : link);
      if (!n) {
        await tabs[n].goto(`${own}/cases`);
      }
      await tabs[n].getByRole("heading", { name: "Cases" }).waitFor();
    }
    await outside("open a case");
    await Promise.all(tabs.map((tab) => tab.getByText("Opened by another program").waitFor()));
    // The first page had one before it was left, and then all shared another.
    assert.ok(streams <= 3, `${streams} streams`);
    // The tab that listened goes; another takes over and is told.
    await tabs.shift().close();
    await outside("open a case");
    await Promise.all(tabs.map((tab) => tab.waitForFunction(
      () => document.body.textContent.split("Opened by another program").length > 2)));
    assert.deepEqual(faults, []);
    await outside("stop");
    await Promise.all(tabs.map((tab) => tab.locator("#said.loud").waitFor()));
    await look(tabs[0], "lost");
    // Started anew, and its new link opened in one more tab: the others come back by themselves, forms and all.
    const settings = tabs[1];
    const again = await outside("start");
    const fresh = await made.newPage();
    await fresh.goto(again);
    await outside("open a case");
    await Promise.all(tabs.map((tab) => tab.locator("#said.loud").waitFor({ state: "detached" })));
    await tabs[0].waitForFunction(() => document.body.textContent.split("Opened by another program").length > 3);
    await fresh.goto(`${own}/settings`);
    await settings.goto(`${own}/settings`);
    await outside("stop");
    await settings.locator("#said.loud").waitFor();
    await fresh.goto(await outside("start"));
    await settings.locator("#said.loud").waitFor({ state: "detached" });
    const wanted = await (await made.newPage()).goto(`${own}/settings`).then((answer) => answer.text());
    await settings.waitForFunction((page) => page.includes(document.querySelector("input[name=form]").value), wanted);
    await settings.getByRole("button", { name: "Sign this browser out" }).click();
    await settings.getByText("This browser is signed out").waitFor();
    await made.close();
  },
});
