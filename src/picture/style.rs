//! How pictures look: one sheet for all of them, by classes, so that a page around them may forbid every other style.

/// For a picture within a page, and for one that stands alone. Nothing here is read from anywhere else.
pub const STYLE: &str = "\
:root{color-scheme:light dark;--page:#fff;--ink:#1b2129;--quiet:#5b6673;--line:#8d98a5;--rule:#dde2e7;--box:#f4f6f8;--good:#1a7f4b;--bad:#bf2e24;--busy:#1f66d1;--asks:#8f5f00}\n\
@media (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e4e8ec;--quiet:#9aa5b1;--line:#6c7783;--rule:#2c343d;--box:#1f252c;--good:#4cc38a;--bad:#ff7b6e;--busy:#6ea8ff;--asks:#e3b341}}\n\
@media print{:root{--page:#fff;--ink:#000;--quiet:#333;--line:#555;--rule:#bbb;--box:#fff;--good:#0b5e34;--bad:#9c1c13;--busy:#174ea6;--asks:#6b4700}}\n\
svg{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px}\n\
svg text{fill:var(--ink)}\n\
svg .page{fill:var(--page)}\n\
svg .quiet{fill:var(--quiet)}\n\
svg .small{font-size:11px}\n\
svg .end{text-anchor:end}\n\
svg .mid{text-anchor:middle}\n\
svg .box{fill:var(--box);stroke:var(--line)}\n\
svg .box.danger{stroke:var(--bad);stroke-width:3}\n\
svg .edge{fill:none;stroke:var(--line);stroke-width:1.3}\n\
svg .any{stroke-dasharray:5 4}\n\
svg .tip{fill:var(--line);stroke:none}\n\
svg text.good,svg text.excepted{fill:var(--good)}\n\
svg text.bad{fill:var(--bad);font-weight:bold}\n\
svg text.busy{fill:var(--busy)}\n\
svg text.asks{fill:var(--asks)}\n\
svg text.plain,svg text.skipped{fill:var(--quiet)}\n\
svg .grid{stroke:var(--rule)}\n\
svg .rto{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:6 3}\n\
svg .paused{fill:var(--line);opacity:.22}\n\
svg .worked{fill:var(--good)}\n\
svg .failed{fill:url(#cross);stroke:var(--bad);stroke-width:1.5}\n\
svg .working{fill:var(--box);stroke:var(--busy);stroke-width:1.5}\n\
svg .over{fill:url(#hatch)}\n\
svg .hatch{fill:var(--page);opacity:.6}\n\
svg .cross{stroke:var(--bad);stroke-width:1.2}\n\
svg .asked{fill:none;stroke:var(--asks);stroke-width:1.5;stroke-dasharray:4 2}\n\
svg .stuck{fill:var(--bad)}\n\
svg .waited{stroke:var(--quiet);stroke-width:2;stroke-dasharray:2 3}\n\
svg .unused{stroke:var(--line);stroke-width:1.5;stroke-dasharray:1 3}\n\
svg .members{fill:var(--line)}\n\
svg text.onbar{paint-order:stroke;stroke:var(--page);stroke-width:3px}\n\
svg text.try{fill:var(--page);font-weight:bold}\n";
