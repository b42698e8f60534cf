// What all scripts that use the pages need: a browser for each person, the way through forms, and looking at a page.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const about = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// What is done outside the browsers: asked for by a line, answered by one.
export const outside = async (what) => {
  console.log(`do: ${what}`);
  return (await answers.next()).value;
};
// Homes of nobody yet, for another story.
export const anew = () => outside("anew homes");
if (about.pictures) {
  mkdirSync(about.pictures, { recursive: true });
}

export const sizes = { laptop: { width: 1280, height: 800 }, phone: { width: 320, height: 640 } };
export const browser = await chromium.launch({ executablePath: about.browser, args: ["--no-sandbox"] });

// A machine that is busy with other tests is slow; nothing is expected to be quick.
const patience = about.patience ?? 60_000;

// A browser of `whose`, at the server `whose.own`. Whatever a page asks for is asked of that server, and nothing is said on the
// console: what is otherwise stands in `whose.faults`. Answers of the kinds `answers` are errors on the console alone.
export const watched = async (whose, answers, options = {}) => {
  const made = await browser.newContext({ viewport: sizes.laptop, locale: "en-GB", ...options });
  made.setDefaultTimeout(patience);
  await made.route("**", (route) => {
    const at = new URL(route.request().url());
    if (at.origin !== whose.own) {
      whose.faults.push(`asked for ${at}`);
      return route.abort();
    }
    return route.continue();
  });
  const expected = new RegExp(`status of (${answers.join("|")})|net::ERR`);
  made.on("page", (page) => {
    page.on("console", (message) => {
      if (message.type() === "error" && !expected.test(message.text())) {
        whose.faults.push(message.text());
      }
    });
    page.on("pageerror", (error) => whose.faults.push(String(error)));
    page.on("dialog", (dialog) => {
      whose.faults.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
  });
  return made;
};

let looks = 0;

// A page as it is looked at in one scheme and at one width, by axe and in a picture: what is wrong with it.
// `rules` are those that are asked; all, where none are named.
export const glance = async (page, name, scheme, size, rules) => {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize(sizes[size]);
  // Injected through the browser, not the page: the page's policy stays as it is.
  if (!(await page.evaluate("typeof axe !== 'undefined'"))) {
    await page.evaluate(`${axe}; 0`);
  }
  const { found, wide } = await page.evaluate(async (rules) => {
    const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
    const found = await axe.run(document, { resultTypes: ["violations"], ...only });
    return { found, wide: document.documentElement.scrollWidth - innerWidth };
  }, rules);
  looks += 1;
  if (about.pictures) {
    await page.screenshot({ path: join(about.pictures, `${name}-${size}-${scheme}.png`), fullPage: true });
  }
  const bad = found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 300)).slice(0, 3).join(" ")}`);
  return wide > 0 ? [...bad, `${wide} pixels too wide`] : bad;
};

// As printed: what is to be signed, and what was written so far, is on the paper as on the screen.
export const printed = async (page, name) => {
  const matter = () => page.$$eval(".exactly, main textarea", (all) => all.map((one) => one.checkVisibility()));
  const shown = await matter();
  await page.emulateMedia({ colorScheme: "light", media: "print" });
  assert.deepEqual(await matter(), shown, `${name}, printed`);
  if (about.pictures) {
    await page.screenshot({ path: join(about.pictures, `${name}-print.png`), fullPage: true });
  }
  await page.emulateMedia({ media: "screen" });
};

// The same in both schemes, on a laptop and on a small phone, with nothing wrong; and a picture as printed.
export const look = async (page, name) => {
  for (const scheme of ["light", "dark"]) {
    for (const size of Object.keys(sizes)) {
      assert.deepEqual(await glance(page, name, scheme, size), [], `${name}, ${scheme}, ${size}`);
    }
  }
  await page.setViewportSize(sizes.laptop);
  await printed(page, name);
};

// Somebody with a program and a browser of their own.
export class Person {
  constructor(name, options = {}) {
    this.name = name;
    this.options = options;
    this.faults = [];
    this.clicks = 0;
    this.typed = 0;
  }

  // Starts the program, and opens its link in the browser.
  async start() {
    const link = await outside(`start ${this.name}`);
    this.own = new URL(link).origin;
    if (!this.context) {
      // A form that was not right, a second act that is refused, a browser that was not let in: all these are answers.
      this.context = await watched(this, [403, 404, 405, 408, 409, 413, 415, 422], { timezoneId: "Europe/London", ...this.options });
      this.page = await this.context.newPage();
    }
    await this.page.goto(link);
  }

  async stop() {
    await outside(`stop ${this.name}`);
  }

  async click(selector) {
    this.clicks += 1;
    const found = this.page.locator(selector).first();
    await found.waitFor({ state: "attached" });
    await this.unfold(found);
    await found.click();
    await this.page.waitForLoadState();
    await this.fits();
  }

  // What is rarely needed is folded away.
  async unfold(found) {
    const folded = await found.evaluate((element) => {
      let folded = 0;
      for (let at = element.closest("details"); at; at = at.parentElement.closest("details")) {
        folded += at.open ? 0 : 1;
        at.open = true;
      }
      return folded;
    });
    this.clicks += folded;
  }

  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`[name="${name}"]`).first();
      const kind = await field.evaluate((f) => (f.tagName === "SELECT" ? "select" : f.type));
      await this.unfold(field);
      if (kind === "radio" || kind === "checkbox") {
        this.clicks += 1;
        await this.page.check(`[name="${name}"][value="${value}"]`);
      } else if (kind === "select") {
        this.clicks += 1;
        await field.selectOption(value);
      } else if (kind === "file") {
        this.clicks += 1;
        await field.setInputFiles(value);
      } else {
        this.typed += 1;
        await field.fill(value);
      }
    }
  }

  // Goes to a case's overview.
  async toCase() {
    if (!new URL(this.page.url()).pathname.startsWith("/case/")) {
      await this.click('nav a[href="/cases"]');
      await this.click('main a[href^="/case/"]');
    }
    const part = this.page.locator("nav.parts a").first();
    if ((await part.getAttribute("aria-current")) !== "page" || new URL(this.page.url()).search) {
      this.clicks += 1;
      await part.click();
      await this.page.waitForLoadState();
    }
  }

  // Follows links from the overview to a form that signs.
  async toForm(kind, of) {
    await this.toCase();
    const link = `a[href$="/do/${kind}${of ? `?about=${of}` : ""}"]`;
    // What it needs may still be on its way from the other side.
    const page = `main a[href$="/action/${of}"]`;
    await this.until(this.page.locator(of ? `${link}, ${page}` : link).first());
    if (of && !(await this.page.locator(link).count())) {
      await this.click(page);
    }
    await this.click(link);
  }

  // Sends the form, reads the exact text, signs. Gives the number of what was signed.
  async sign(wanted = []) {
    await this.click('main form:not(.signing) button[type="submit"]:not(.by-enter):not(.implied):not(.unseen):not(.second)');
    return this.agree(wanted);
  }

  // Reads the exact text and signs.
  async agree(wanted = []) {
    await this.page.locator("form.signing").waitFor();
    const text = await this.page.locator("form.signing").innerText();
    for (const words of wanted) {
      assert.ok(text.includes(words), `“${words}” stands in what is signed:\n${text}`);
    }
    await this.click('form.signing button[type="submit"]:not(.second)');
    await this.page.waitForURL(/signed=/);
    return new URL(this.page.url()).searchParams.get("signed");
  }

  // A form from the overview on: filled in, read, signed.
  async act(kind, of, fields = {}, wanted = []) {
    await this.toForm(kind, of);
    await this.fill(fields);
    return this.sign(wanted);
  }

  // Waits for words on the case's overview: with script without loading the page again.
  async sees(words) {
    await this.toCase();
    await this.until(this.page.locator("main").getByText(words).locator("visible=true").first());
  }

  // What this person's program tells open pages, heard beside the browser.
  async told() {
    const cookies = await this.context.cookies(this.own);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const signal = AbortSignal.timeout(patience);
    return new Promise((take, fail) => get(`${this.own}/live`, { headers: { cookie }, signal }, take).on("error", fail));
  }

  // Waits for something on the page. Without script it is the person who loads it again: here whenever the program tells of a
  // change, and once at its first word, since what came before that was told to nobody.
  async until(wanted) {
    if (this.options.javaScriptEnabled !== false) {
      return wanted.waitFor({ state: "attached" });
    }
    if (await wanted.count()) {
      return;
    }
    const told = await this.told();
    try {
      for await (const _ of told) {
        await this.page.reload();
        if (await wanted.count()) {
          return;
        }
      }
      assert.fail("the program stopped");
    } catch (error) {
      throw new Error(`${wanted} on ${this.page.url()} did not come`, { cause: error });
    } finally {
      told.destroy();
    }
  }

  // A page wider than the screen has to be moved to be read.
  async fits() {
    if (this.options.javaScriptEnabled !== false) {
      const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${this.page.url()}: ${wide} pixels too wide`);
    }
  }
}

// Runs stories one after the other, each after `before`; says what a page showed where one failed.
export const run = async (stories, before = () => {}) => {
  let failed = 0;
  for (const [name, story] of Object.entries(stories).filter(([name]) => name.includes(about.only ?? ""))) {
    for (const made of browser.contexts()) {
      await made.close();
    }
    const started = Date.now();
    try {
      await before();
      await story();
      console.log(`ok: ${name} (${Date.now() - started} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED: ${name}\n${error.stack ?? error}`);
      for (const page of browser.contexts().flatMap((made) => made.pages())) {
        const seen = await page.evaluate(() => document.body.innerText.slice(0, 1500)).catch(String);
        console.log(`a page at ${page.url()} showed: ${seen}`);
        const values = await page.evaluate(() => [...document.querySelectorAll("input:not([type=hidden]), textarea")]
          .map((field) => `${field.name}: ${field.value}`).join("\n")).catch(String);
        console.log(`in its fields stood: ${values}`);
      }
    }
  }
  console.log(`${looks} looks by axe, without a finding where nothing failed`);
  await browser.close();
  process.exit(failed ? 1 : 0);
};
