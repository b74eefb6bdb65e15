// Measures a page from outside: run by the driver, after the page has been shown.

// Colours are drawn on one pixel, so that any notation of CSS becomes four numbers.
const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();
function rgba(colour) {
  if (!known.has(colour)) {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    known.set(colour, [r, g, b, a / 255]);
  }
  return known.get(colour);
}

function over(front, back) {
  const a = front[3];
  return [0, 1, 2].map((k) => front[k] * a + back[k] * (1 - a)).concat(1);
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function ratio(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function paper() {
  const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
  const back = getComputedStyle(document.documentElement).colorScheme.includes("dark") ? canvas : [255, 255, 255, 1];
  return [document.documentElement, document.body].reduce(
    (below, element) => over(rgba(getComputedStyle(element).backgroundColor), below), back);
}

function behind(element) {
  const chain = [];
  for (let at = element; at && at !== document.body; at = at.parentElement) chain.unshift(at);
  return chain.reduce((below, at) => over(rgba(getComputedStyle(at).backgroundColor), below), paper());
}

function opacity(element) {
  let share = 1;
  for (let at = element; at; at = at.parentElement) share *= Number(getComputedStyle(at).opacity);
  return share;
}

function texts() {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    const shown = parent.checkVisibility({ visibilityProperty: true }) && parent.getClientRects().length;
    if (walker.currentNode.data.trim() && shown) found.push(walker.currentNode);
  }
  return found;
}

// Words of the pages' own, written by the style before an element.
function generated() {
  return [...document.querySelectorAll("td[data-label], li")].filter((at) => {
    const content = getComputedStyle(at, "::before").content;
    return at.checkVisibility() && content && content !== "none" && content !== "normal";
  });
}

function contrasts() {
  const poor = new Set();
  const judge = (style, back, faded, words) => {
    const front = rgba(style.color);
    const seen = over([...front.slice(0, 3), front[3] * faded], back);
    const found = ratio(seen, back);
    if (found < 4.5) poor.add(`${words.trim().slice(0, 40)} (${found.toFixed(2)} : 1)`);
  };
  for (const text of texts()) {
    const parent = text.parentElement;
    judge(getComputedStyle(parent), behind(parent), opacity(parent), text.data);
  }
  for (const element of generated()) {
    const style = getComputedStyle(element, "::before");
    const back = over(rgba(style.backgroundColor), behind(element));
    judge(style, back, opacity(element), `::before ${style.content}`);
  }
  return [...poor];
}

// A character is tofu when it looks as one that no font can have.
function tofu() {
  const canvas = new OffscreenCanvas(40, 40);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const draw = (char) => {
    pen.clearRect(0, 0, 40, 40);
    pen.fillText(char, 4, 30);
    return new Uint32Array(pen.getImageData(0, 0, 40, 40).data.buffer);
  };
  const byFont = new Map();
  for (const text of texts()) {
    const style = getComputedStyle(text.parentElement);
    const font = `${style.fontWeight} 24px ${style.fontFamily}`;
    if (!byFont.has(font)) byFont.set(font, new Set());
    for (const char of text.data) byFont.get(font).add(char);
  }
  const missing = new Set();
  for (const [font, chars] of byFont) {
    pen.font = font;
    const absent = ["\u0378", "\u{10fffd}"].map(draw); // not assigned, and private use
    for (const char of chars) {
      const shapeless = /[\s\u200b-\u200d\u2060\ufe0e\ufe0f]/u.test(char);
      if (shapeless || missing.has(char)) continue;
      const shape = draw(char);
      if (absent.some((other) => other.every((dot, k) => dot === shape[k]))) missing.add(char);
    }
  }
  return [...missing].join("");
}

function rows(elements) {
  const tops = elements.map((element) => Math.round(element.getBoundingClientRect().top));
  return [...new Set(tops)].map((top) => tops.filter((other) => other === top).length);
}

function shown(selector, within = document) {
  return [...within.querySelectorAll(selector)].filter((element) => element.checkVisibility());
}

function measure_screen(width) {
  // Not innerWidth: a phone zooms out until a page that is too wide fits.
  const overflow = () => Math.max(0, document.scrollingElement.scrollWidth - width);
  const closed = overflow();
  const cards = shown(".cards").map((group) => rows(shown(".card", group)));
  const all = [...document.querySelectorAll("*")];
  const handlers = all.filter((element) =>
    element.matches("script, iframe, object, embed, link, base, form, svg, meta[http-equiv=refresh]")
    || element.getAttributeNames().some((name) => name.startsWith("on"))
    || /^\s*javascript:/i.test(element.getAttribute("href") ?? ""));
  const pictures = shown("figure.chart img").map((image) => ({
    alt: image.alt,
    came: image.complete && image.naturalWidth > 0,
    narrow: image.currentSrc === image.parentElement.querySelector("source")?.srcset,
    wide: image.currentSrc === image.src,
    scale: image.getBoundingClientRect().width / image.naturalWidth * 160 / 96,
  }));
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const sticking = shown(".card, .report, .contents li, .actions li, figure.chart")
    .filter((element) => element.scrollWidth > element.clientWidth + 1);
  const tables = shown(".wide").map((box) => ({
    title: box.querySelector(".gt_title")?.textContent ?? "",
    hidden: box.scrollWidth - box.clientWidth,
    sentences: box.querySelectorAll(".long").length,
    titleRight: box.querySelector(".held")?.getBoundingClientRect().right ?? 0,
  }));
  return {
    overflow: [closed, overflow()], cards, pictures, tables, tofu: tofu(), contrasts: contrasts(),
    clipped: sticking.map((element) => element.textContent.trim().slice(0, 60)),
    handlers: handlers.map((element) => element.outerHTML.slice(0, 80)),
  };
}

function measure_print() {
  return { contrasts: contrasts(), paper: paper().slice(0, 3).map(Math.round).join(" ") };
}

// Boxes that stick out of paper at its right, or that may not break and are taller than a page.
function cut_by_paper([width, height]) {
  document.querySelectorAll("details.figures").forEach((details) => { details.open = true; });
  const boxes = shown("figure.chart img, table, .card, .prose, p, div");
  return boxes.filter((box) => {
    const rect = box.getBoundingClientRect();
    const whole = getComputedStyle(box).breakInside === "avoid" || box.matches("img");
    return rect.right > width + 1 || (whole && rect.height > height);
  }).map((box) => (box.alt || box.textContent || box.tagName).trim().slice(0, 60));
}
