//! The report as one HTML file for people who would rather look than read: the same document as in Markdown, with the pictures of
//! the run. It reads nothing from anywhere, has no script, and forbids the browser everything but its own style; whatever was
//! recorded is escaped text. It can be read without colours, in the dark, and on paper.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::document::{Bit, Block, Item, Text, document};
use super::shape::Report;
use crate::picture::{STYLE, escaped};

const PAGE_STYLE: &str = "\
body{max-width:1120px;margin:2em auto;padding:0 1.2em;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,'DejaVu Sans',Arial,sans-serif}\n\
h1{font-size:1.6em;margin:.2em 0 .6em}\n\
h2{font-size:1.15em;margin:1.8em 0 .5em;padding-bottom:.2em;border-bottom:1px solid var(--line)}\n\
table{border-collapse:collapse;width:100%}\n\
th,td{text-align:left;vertical-align:top;padding:.25em .8em .25em 0;border-bottom:1px solid var(--rule);overflow-wrap:anywhere}\n\
th{color:var(--quiet);font-weight:600}\n\
.facts th{width:9em}\n\
code,pre{font:.87em/1.45 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}\n\
pre{margin:.4em 0 .8em;padding:.6em .8em;background:var(--box);border-left:3px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}\n\
ul{padding-left:1.2em}\n\
ul.ticks{list-style:none;padding-left:0}\n\
figure{margin:.6em 0;overflow-x:auto}\n\
figure svg{display:block}\n\
figure svg.gantt{width:100%;min-width:860px}\n\
.good,.excepted{color:var(--good)}.bad{color:var(--bad);font-weight:bold}.busy{color:var(--busy)}.asks{color:var(--asks)}.plain,.skipped{color:var(--quiet)}\n\
@media print{body{max-width:none;margin:0;padding:0;font-size:11px}figure{overflow:visible}figure svg{max-width:100%;height:auto}figure svg.gantt{min-width:0}figure,tr,li,pre{break-inside:avoid}h2{break-after:avoid}}\n";

/// The whole report, with its pictures.
pub fn html(report: &Report) -> String {
    let style = format!("\n{STYLE}{PAGE_STYLE}");
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    let mut page = String::new();
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{} {}</title>\n<style>{style}</style>\n</head>\n<body>\n",
        escaped(&report.workflow),
        escaped(&report.run),
    );
    for block in document(report) {
        write(&block, report, &mut page);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn write(block: &Block, report: &Report, page: &mut String) {
    match block {
        Block::Heading(text) => _ = writeln!(page, "<h1>{}</h1>", line(text)),
        Block::Title(title) => _ = writeln!(page, "<h2>{title}</h2>"),
        Block::Facts(facts) => {
            page.push_str("<table class=\"facts\">\n");
            for (name, text) in facts {
                let _ = writeln!(
                    page,
                    "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                    line(name),
                    line(text)
                );
            }
            page.push_str("</table>\n");
        }
        Block::Table(columns, rows) => table(columns, rows, page),
        Block::List(items) => list(items, page),
        Block::Gantt => {
            page.push_str("<h2>The run in time</h2>\n");
            for figure in report.pictures.gantt.figures() {
                let _ = writeln!(page, "<figure>\n{figure}</figure>");
            }
        }
        Block::Graph => {
            let figure = report.pictures.graph.figure();
            let _ = writeln!(page, "<h2>The workflow</h2>\n<figure>\n{figure}</figure>");
        }
    }
}

fn table(columns: &[&str], rows: &[Vec<Text>], page: &mut String) {
    page.push_str("<table>\n<thead><tr>");
    for column in columns {
        let _ = write!(page, "<th scope=\"col\">{column}</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<td>{}</td>", line(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
}

fn list(items: &[Item], page: &mut String) {
    let ticks = items.iter().any(|item| item.ticked.is_some());
    page.push_str(if ticks {
        "<ul class=\"ticks\">\n"
    } else {
        "<ul>\n"
    });
    for item in items {
        let tick = match item.ticked {
            Some(true) => "☑ ",
            Some(false) => "☐ ",
            None => "",
        };
        let _ = write!(page, "<li>{tick}{}", line(&item.text));
        if !item.lines.is_empty() {
            let lines: Vec<String> = item.lines.iter().map(|line| escaped(line)).collect();
            let _ = write!(page, "\n<pre>{}</pre>", lines.join("\n"));
        }
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n");
}

fn line(text: &Text) -> String {
    let mut out = String::new();
    for bit in &text.0 {
        let _ = match bit {
            Bit::Own(text) | Bit::Said(text) => write!(out, "{}", escaped(text)),
            Bit::Strong(text) => write!(out, "<strong>{}</strong>", escaped(text)),
            Bit::Code(text) => write!(out, "<code>{}</code>", escaped(text)),
            Bit::State(mood, word) => {
                let word = escaped(&word.replace('_', " "));
                write!(
                    out,
                    "<span class=\"{}\">{} {word}</span>",
                    mood.class(),
                    mood.mark()
                )
            }
        };
    }
    out
}
