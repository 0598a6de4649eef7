"""The style sheet of the report: light, dark, wide, narrow and on paper.

Without scripts: what a link leads to is shown large by ``:target``.
"""

from __future__ import annotations

#: Light and dark, for every page of ours.
COLOURS = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --text: #1c2430; --soft: #5b6675;
  --rule: #e3e6ea; --ours: #0067a8; --builds: #c9ced6; --median: #7b8592;
  --good: #0b6b4f; --good-back: #dff3ea; --bad: #a3330a; --bad-back: #fde8dd;
  --none: #58616e; --none-back: #eceef1; --code: #f3f4f6;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #b97f00;
  --c5: #3f9fd8; --c6: #1c2430;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14181e; --card: #1b2129; --text: #e6e9ee; --soft: #9aa5b4;
    --rule: #2c343f; --ours: #5cb8f2; --builds: #3e4855; --median: #8d98a7;
    --good: #7fdcb6; --good-back: #143a2d; --bad: #ffb08a; --bad-back: #4a2313;
    --none: #b4bdc9; --none-back: #2a323c; --code: #232a33;
    --c0: #5cb8f2; --c1: #ff8a4c; --c2: #4fd1a5; --c3: #e6a3cb; --c4: #f2b84b;
    --c5: #9bd3f7; --c6: #e6e9ee;
  }
}
"""

STYLE = (
    COLOURS
    + """
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.2rem 1.2rem 4rem; max-width: 68rem;
  background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei",
    sans-serif;
  overflow-wrap: break-word;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 0; }
h3 { font-size: 1.2rem; margin: 0; }
h4 {
  font-size: .78rem; margin: 1.3rem 0 .35rem; color: var(--soft); font-weight: 600;
  letter-spacing: .06em; text-transform: uppercase;
}
p { margin: .4rem 0; }
a { color: var(--ours); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
.soft { color: var(--soft); font-size: .92rem; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 1.4rem; }
.badge {
  display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .84rem;
  font-weight: 600; white-space: nowrap; color: var(--none);
  background: var(--none-back);
}
.badge.reproduced { color: var(--good); background: var(--good-back); }
.badge.differs { color: var(--bad); background: var(--bad-back); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; white-space: nowrap; font-size: .8rem; font-weight: 600;
  color: var(--soft); }
th, td { padding: .5rem .7rem; border-bottom: 1px solid var(--rule); }
td { vertical-align: top; }
.number, th.number { text-align: right; }
.range { color: var(--soft); font-size: .85rem; white-space: nowrap; }
.apart { color: var(--soft); font-size: .85rem; line-height: 1.35; }
.verdicts .apart { display: block; min-width: 10rem; max-width: 15rem; }
.verdicts {
  background: var(--card); border: 1px solid var(--rule); border-radius: .7rem;
  border-spacing: 0; border-collapse: separate; overflow: hidden; }
.verdicts tr:last-child td { border-bottom: 0; }
.verdicts .part th { background: var(--page); color: var(--text); font-size: .9rem;
  padding-top: .8rem; }
.verdicts .thumb { width: 9.5rem; min-width: 9.5rem; padding: .35rem .7rem; }
.thumb svg text { font-size: 13px; }
section {
  background: var(--card); border: 1px solid var(--rule); border-radius: .7rem;
  padding: 1.2rem 1.3rem; margin-top: 1.4rem;
}
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .8rem; }
figure { margin: .9rem 0 0; }
figcaption { color: var(--soft); font-size: .84rem; }
figure img { max-width: 100%; height: auto; background: #fff; border-radius: .4rem;
  display: block; margin-bottom: .3rem; }
.place { scroll-margin-top: 5rem; min-width: 0; }
a.enlarge { display: block; cursor: zoom-in; color: inherit; }
a.back { display: none; }
figure:target {
  position: fixed; inset: 0; z-index: 1; margin: 0; padding: 3.2rem 1.2rem 1.2rem;
  overflow: auto; background: var(--card);
}
figure:target .enlarge { cursor: default; pointer-events: none; }
figure:target img { width: 100%; height: calc(100vh - 7rem); object-fit: contain;
  background: none; }
figure:target svg { height: calc(100vh - 8rem); }
figure:target a.back {
  display: block; position: fixed; top: .5rem; right: 1rem; width: 2.4rem;
  height: 2.4rem; border-radius: 50%; background: var(--none-back);
  color: var(--text); font-size: 1.5rem; line-height: 2.3rem; text-align: center;
}
.pictures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--median); stroke-width: 1; }
svg polyline { fill: none; stroke-linejoin: round; }
svg .builds { fill: var(--builds); opacity: .75; }
svg .median { stroke: var(--median); stroke-width: 1.3; }
svg circle.median { fill: var(--median); }
svg .seeds { fill: var(--ours); opacity: .25; }
svg polyline.ours { stroke: var(--ours); stroke-width: 1.8; }
svg circle.ours { fill: var(--ours); }
svg .line { stroke-width: 1.8; stroke: var(--swatch); }
svg circle.line { fill: var(--swatch); }
.c0 { --swatch: var(--c0); } .c1 { --swatch: var(--c1); } .c2 { --swatch: var(--c2); }
.c3 { --swatch: var(--c3); } .c4 { --swatch: var(--c4); } .c5 { --swatch: var(--c5); }
.c6 { --swatch: var(--c6); }
svg .d1 { stroke-dasharray: 8 4; } svg .d2 { stroke-dasharray: 8 3 2 3; }
svg .d3 { stroke-dasharray: 2 3; }
.wide { overflow-x: auto; margin-top: .8rem; }
.settings td:first-child { width: 2rem; }
.settings td { white-space: nowrap; }
.settings span.line { display: block; width: 1.4rem; margin-top: .6rem;
  border-top: .22rem solid var(--swatch); }
span.d1 { border-top-style: dashed !important; }
span.d2, span.d3 { border-top-style: dotted !important; }
.beside { display: grid; gap: 1.2rem;
  grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
.strip { max-height: 22rem; overflow-y: auto; }
.strip img { image-rendering: pixelated; }
.key { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
.key span::before {
  content: ""; display: inline-block; width: 1.1rem; height: .2rem; margin-right: .4rem;
  vertical-align: .25rem; border-radius: .1rem; background: var(--swatch);
}
.key .area::before { height: .7rem; vertical-align: -.05rem; opacity: .6; }
code, .text {
  font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
.text { margin: .3rem 0; overflow-wrap: anywhere; }
.who { font: .78rem/1.5 system-ui, sans-serif; color: var(--soft); margin-left: .5rem;
  white-space: nowrap; }
.reason { display: block; margin-top: .2rem; max-width: 17rem; font-size: .8rem;
  line-height: 1.35; color: var(--soft); }
.command {
  display: block; background: var(--code); padding: .5rem .7rem; border-radius: .4rem;
  margin: .3rem 0; overflow-wrap: anywhere;
}
details { margin-top: 1rem; border-top: 1px solid var(--rule); padding-top: .7rem; }
summary { cursor: pointer; color: var(--soft); font-size: .92rem; }
.pairs td { padding: .15rem .7rem .15rem 0; border: 0; font-size: .88rem; }
.pairs td:first-child { color: var(--soft); white-space: nowrap; width: 1%; }
.pairs td:last-child { overflow-wrap: anywhere; }
@media screen and (max-width: 44rem) {
  body { padding: 1.2rem .8rem 3rem; }
  h1 { font-size: 1.45rem; }
  .counts { margin: .7rem 0 .9rem; }
  .verdicts thead { position: absolute; display: block; width: 1px; height: 1px;
    overflow: hidden; clip-path: inset(50%); }
  .verdicts, .verdicts tbody, .verdicts tr, .verdicts td { display: block; }
  .verdicts tr { padding: .7rem .9rem; border-bottom: 1px solid var(--rule); }
  .verdicts tr:last-child { border-bottom: 0; }
  .verdicts td {
    display: flex; justify-content: space-between; gap: 1rem; padding: .12rem 0;
    border: 0; text-align: right;
  }
  .verdicts td::before { content: attr(data-label); color: var(--soft);
    font-size: .88rem; text-align: left; }
  .verdicts td:first-child { font-weight: 600; font-size: 1.05rem; text-align: left; }
  .verdicts .apart { max-width: none; font-weight: 400; }
  .verdicts td:first-child::before { content: none; }
  .verdicts .part { padding: .5rem .9rem .3rem; background: var(--page); }
  .verdicts .part th { display: block; padding: 0; border: 0; }
  .verdicts .thumb { display: block; width: auto; padding: .2rem 0 .3rem; }
  .verdicts .thumb::before { content: none; }
  .verdicts .thumb:empty { display: none; }
  figure:target img { width: max(100%, 42rem); max-width: none; height: auto; }
  figure:target svg { width: max(100%, 42rem); height: auto; }
  .verdicts .reason { margin-left: auto; }
  section { padding: 1rem .9rem; }
  .beside { grid-template-columns: minmax(0, 1fr); }
  svg text { font-size: 19px; }
  .thumb svg text { font-size: 8px; }
}
@page { margin: 14mm 13mm; }
@media print {
  :root { --page: #ffffff; --card: #ffffff; color-scheme: light; }
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  a { color: inherit; }
  a.enlarge { cursor: auto; }
  figure svg { height: 7cm; }
  section, .verdicts { border-radius: 0; }
  section { border-width: 1px 0 0; padding: .8rem 0 0; }
  h2, h3, h4, .head { break-after: avoid; }
  .place, tr, .text, .counts { break-inside: avoid; }
  .badge, .builds, .seeds, .key span::before, .settings span {
    print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .badge { border: 1px solid currentColor; }
  .verdicts { font-size: 8.5pt; } .verdicts th, .verdicts td { padding: .3rem .35rem; }
  .verdicts .thumb { width: 7rem; min-width: 7rem; }
  .verdicts .range, .verdicts .reason, .verdicts .apart { font-size: 7.5pt; }
  .verdicts .range { white-space: normal; }
  .wide { overflow: visible; }
  .strip { max-height: none; }
  .pairs, .pairs tbody { display: block; }
  .pairs tbody { columns: 2; font-size: 8.5pt; }
  .pairs tr { display: flex; break-inside: avoid; }
  .pairs td:first-child { width: 10.5rem; flex: none; }
  summary { display: none; }
  details::details-content { content-visibility: visible; display: block;
    height: auto; block-size: auto; }
}
"""
)
