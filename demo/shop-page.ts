// The shop's page. Works without its script; the script adds the live ticker and keeps the page in place.

import { readFileSync } from "node:fs";
import { PRODUCTS, type Product, price } from "./products.ts";
import type { Visit } from "./shop-sessions.ts";

/** Who serves. */
export interface Shop {
  readonly name: string;
  readonly route: string;
  readonly edition: string;
  readonly pid: number;
}

const ASSETS = new URL("../../demo/assets/", import.meta.url);
const STYLE = readFileSync(new URL("shop.css", ASSETS), "utf8");
const SCRIPT = readFileSync(new URL("shop.js", ASSETS), "utf8");

const SHAPES: Readonly<Record<Product["shape"], string>> = {
  bag: '<path d="M36 34h48l6 62a6 6 0 0 1-6 6H36a6 6 0 0 1-6-6z"/><path class="ink" d="M36 34l4-12h40l4 12M46 62h28M46 72h18"/>',
  tin: '<rect x="34" y="30" width="52" height="72" rx="8"/><path class="ink" d="M34 44h52M34 88h52M48 60h24M48 70h14"/>',
  cup: '<path d="M32 44h46v36a18 18 0 0 1-18 18H50a18 18 0 0 1-18-18z"/><path class="ink" d="M78 52h6a11 11 0 0 1 0 22h-6M46 34c0-6 5-6 5-12M60 34c0-6 5-6 5-12"/>',
  pot: '<path d="M44 26h32l-6 30 16 40a6 6 0 0 1-6 8H40a6 6 0 0 1-6-8l16-40z"/><path class="ink" d="M50 56h20M41 84h38M72 34l14 8"/>',
  mill: '<path d="M42 46h36l4 52a6 6 0 0 1-6 6H44a6 6 0 0 1-6-6z"/><path class="ink" d="M46 46a14 14 0 0 1 28 0M60 32V22h22M82 18v8M48 66h24"/>',
  book: '<rect x="34" y="26" width="52" height="76" rx="4"/><path class="ink" d="M44 26v76M54 46h22"/>',
};

/** Editions look different, so that a redeploy is seen. */
interface Look {
  readonly eyebrow: string;
  readonly headline: string;
  readonly lead: string;
}

const FIRST_LOOK: Look = {
  eyebrow: "Coffee that sails through a redeploy",
  headline: "The harbour never closes.",
  lead: "Your cart lives in the memory of one server. As long as it is yours, every click goes there.",
};

const NEXT_LOOK: Look = {
  eyebrow: "Freshly roasted, freshly deployed",
  headline: "High tide at the harbour.",
  lead: "You are new here, so you got the new edition. Whoever came before keeps the old one, cart and all.",
};

/** The whole document. */
export function shopPage(shop: Shop, visit: Visit): string {
  const { session, isLost } = visit;
  const pieces = [...session.cart.values()].reduce((sum, count) => sum + count, 0);
  const look = shop.edition === "1" ? FIRST_LOOK : NEXT_LOOK;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tide &amp; Bean, served by ${escaped(shop.name)}</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">
<style>${STYLE}</style>
</head>
<body class="${look === FIRST_LOOK ? "first" : "next"}" style="--server-hue: ${hueOf(shop.name)}; --edition-hue: ${hueOf(`edition ${shop.edition}`)}">
<header class="bar">
  <a class="brand" href="/shop/"><span class="mark" aria-hidden="true">${ICON}</span>Tide &amp; Bean</a>
  <a class="cart-link" href="#cart">Cart <b class="count" id="count" aria-live="polite">${pieces}</b></a>
</header>
<main>
  <section class="hero">
    <div>
      <p class="eyebrow">${look.eyebrow}</p>
      <h1>${look.headline}</h1>
      <p class="lead">${look.lead}</p>
    </div>
    ${passport(shop, visit)}
  </section>
  ${isLost ? `<p class="notice" role="status">Your earlier session is not known to ${escaped(shop.name)}: its server is gone, or it has expired. This is a new one.</p>` : ""}
  <section class="shelf" aria-label="Products">${PRODUCTS.map(card).join("")}</section>
  <section class="below">
    <div class="panel" id="cart" aria-label="Cart">${cartHtml(visit)}</div>
    <div class="panel live">
      <h2>Live ticker <span class="dot" id="dot" aria-hidden="true"></span></h2>
      <p id="live-state" role="status">Needs JavaScript: a WebSocket to the shop.</p>
      <ol id="ticker" aria-label="Messages"></ol>
    </div>
  </section>
</main>
<footer>
  <p>Demo shop of Tidegate. <a href="/shop/api/session">session as JSON</a> · <a href="/shop/events">events</a> ·
  <a href="/shop/slow?ms=3000">a slow response</a></p>
</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** The badge: which server, which edition, whose session. */
function passport(shop: Shop, { session }: Visit): string {
  const since = new Date(session.since);
  return `<aside class="passport" aria-label="Where you are">
      <p class="server"><span class="lamp" aria-hidden="true"></span><span id="server">${escaped(shop.name)}</span></p>
      <p class="edition">edition <b id="edition">${escaped(shop.edition)}</b></p>
      <dl>
        <div><dt>Session</dt><dd><code>${session.id.slice(0, 8)}…:${escaped(shop.route)}</code></dd></div>
        <div><dt>Since</dt><dd><time id="since" datetime="${since.toISOString()}">${since.toISOString().slice(11, 19)} UTC</time></dd></div>
        <div><dt>Requests</dt><dd><span id="requests">${session.requests}</span></dd></div>
      </dl>
      <form method="post" action="/shop/logout"><button class="quiet" type="submit">End session</button></form>
    </aside>`;
}

function card(product: Product): string {
  return `<article class="card" style="--hue: ${product.hue}">
  <svg class="picture" viewBox="0 0 120 120" aria-hidden="true">${SHAPES[product.shape]}</svg>
  <div class="about"><h2>${escaped(product.name)}</h2><p>${escaped(product.text)}</p></div>
  <form method="post" action="/shop/cart" class="buy">
    <input type="hidden" name="product" value="${product.id}"><input type="hidden" name="change" value="1">
    <span class="price">€ ${price(product.cents)}</span>
    <button type="submit" aria-label="Add ${escaped(product.name)} to the cart">Add</button>
  </form>
</article>`;
}

/** The inside of the cart panel; also what the script puts there after a change. */
export function cartHtml({ session }: Pick<Visit, "session">): string {
  const lines = PRODUCTS.filter(({ id }) => session.cart.has(id));
  if (lines.length === 0)
    return '<h2>Your cart</h2><p class="empty">Nothing in it yet. Add something and watch it stay.</p>';
  let total = 0;
  const rows = lines.map((product) => {
    const count = session.cart.get(product.id) ?? 0;
    total += count * product.cents;
    return `<li><span>${escaped(product.name)}</span><span class="steps">${step(product, -1)}<b>${count}</b>${step(product, 1)}</span><span class="price">€ ${price(count * product.cents)}</span></li>`;
  });
  return `<h2>Your cart</h2><ul>${rows.join("")}</ul><p class="total"><span>Total</span><span>€ ${price(total)}</span></p>`;
}

function step(product: Product, change: 1 | -1): string {
  const label = change === 1 ? `One more ${product.name}` : `One ${product.name} less`;
  return `<form method="post" action="/shop/cart"><input type="hidden" name="product" value="${product.id}"><input type="hidden" name="change" value="${change}"><button class="step" type="submit" aria-label="${escaped(label)}">${change === 1 ? "+" : "−"}</button></form>`;
}

/** Servers and editions have colours of their own, so that a change is seen at once. */
function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return (hash * 137) % 360;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0e7490"/><path d="M5 18c3 0 3-3 5.5-3s2.5 3 5.5 3 3-3 5.5-3 2.5 3 5.5 3M5 24c3 0 3-3 5.5-3s2.5 3 5.5 3 3-3 5.5-3 2.5 3 5.5 3" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round"/><circle cx="16" cy="9" r="3.2" fill="#fde68a"/></svg>';
