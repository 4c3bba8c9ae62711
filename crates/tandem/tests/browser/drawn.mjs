// Waiting for a page until it is all there.

/** Opens an address; while the numbers are being worked out, a page says so, and is asked again. Returns its status. */
export async function settled(page, address) {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    const response = await page.goto(address, { waitUntil: "load" });
    // There is no response of a file, nor where the page asked again by itself at that moment.
    if (!response && address.startsWith("file:")) { return 200; }
    if (response && response.status() !== 503) { return response.status(); }
    await page.waitForTimeout(500);
  }
  return 503;
}

/** Scrolls until every chart was near the screen and is drawn; the page grows while it is. */
export async function drawAll(page) {
  const begin = Date.now();
  for (;;) {
    const waiting = await page.evaluate(() => {
      const next = document.querySelector("[data-chart]:not([data-drawn])");
      if (next) { next.scrollIntoView({ block: "center" }); }
      return next !== null;
    });
    if (!waiting) { break; }
    if (Date.now() - begin > 60000) { throw new Error("a chart is not drawn"); }
    await page.waitForTimeout(30);
  }
  await page.evaluate(() => window.scrollTo(0, 0));
}
