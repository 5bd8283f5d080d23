// The built-in page for people: one self-contained document without scripts, fonts or images from elsewhere.

import { formatDurationMs } from "../base/units.ts";

/** What a page says. Texts are ours, never of the request. */
export interface AnswerPage {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** When to try again; the page then reloads itself. */
  readonly retryAfterSeconds: number | undefined;
  /** Start and expected end of the maintenance, each a time as text or empty. */
  readonly maintenance: { readonly since: string; readonly until: string } | undefined;
}

/** Browsers of people who wait reload at this rate at most. */
const RELOAD_SECONDS_MIN = 10;

const STYLE = `
:root { color-scheme: light dark; --page: #eef4f6; --card: #fff; --text: #14272f; --soft: #526a75; --line: #d5e1e6;
  --water: #1f8aa5; --deep: #12637a }
@media (prefers-color-scheme: dark) { :root { --page: #0c171c; --card: #132229; --text: #e4eef2; --soft: #93aab4;
  --line: #22363f; --water: #3fb3cf; --deep: #1f7f98 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--page);
  color: var(--text); font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
main { width: 100%; max-width: 32rem; overflow: hidden; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 12px 40px rgb(0 0 0 / 8%) }
div { padding: 2.25rem 2.25rem 1.25rem }
h1 { margin: 0 0 .75rem; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance }
p { margin: 0 0 1rem; color: var(--soft) }
small { font-size: .875rem; color: var(--soft); font-variant-numeric: tabular-nums }
svg { display: block; width: 100%; height: 4.5rem }
.far { fill: var(--water); opacity: .45 }
.near { fill: var(--deep) }
@media (prefers-reduced-motion: no-preference) {
  .far { animation: drift 9s ease-in-out infinite alternate } .near { animation: drift 6s ease-in-out infinite alternate-reverse }
  @keyframes drift { from { transform: translateX(-5%) } to { transform: translateX(5%) } } }
`;

const WAVES = `<svg viewBox="0 0 600 90" preserveAspectRatio="none" aria-hidden="true">
<path class="far" d="M-60 45C0 15 60 15 120 45s120 30 180 0 120-30 180 0 120 30 180 0V91H-60Z"/>
<path class="near" d="M-60 60c60 22 120 22 180 0s120-22 180 0 120 22 180 0 120-22 180 0V91H-60Z"/></svg>`;

/** The page as HTML. */
export function builtInPage({ status, title, detail, retryAfterSeconds, maintenance }: AnswerPage): string {
  const reloads = retryAfterSeconds !== undefined;
  const reload = reloads
    ? `<meta http-equiv="refresh" content="${Math.max(RELOAD_SECONDS_MIN, retryAfterSeconds)}">\n`
    : "";
  const hint = reloads
    ? `<p>This page tries again by itself in ${formatDurationMs(Math.max(RELOAD_SECONDS_MIN, retryAfterSeconds) * 1000)}.</p>\n`
    : "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${reload}<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<div>
<h1>${title}</h1>
<p>${detail}</p>
${maintenance === undefined ? "" : maintenanceTimes(maintenance)}${hint}<small>Status ${status}</small>
</div>
${WAVES}
</main>
</body>
</html>
`;
}

function maintenanceTimes({ since, until }: { readonly since: string; readonly until: string }): string {
  const times = [
    ...(since === "" ? [] : [`Maintenance began at ${since}.`]),
    ...(until === "" ? [] : [`It is expected to end at ${until}.`]),
  ];
  return times.length === 0 ? "" : `<p>${times.join(" ")}</p>\n`;
}
