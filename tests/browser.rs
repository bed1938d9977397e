//! The HTML report in a real browser: it says nothing on the console, the Gantt can be seen, and what a step says is only text.

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::Place;

const HOSTILE: &str = r#"
name: '"><img src=x onerror=alert(1)>'
objectives: {rto: 1h}
steps:
  - {id: good, name: "<script>alert(2)</script>", run: "echo well", expected: 1ms}
  - id: bad
    needs: [good]
    run: "echo '<script>alert(3)</script>\"><img src=x onerror=alert(4)>'; exit 3"
  - {id: never, needs: [bad], run: "true"}
"#;

/// Counts the pixels of a PNG (8 bits a channel, not interlaced) that have one of the colours given as `r,g,b`.
const COUNT: &str = r#"
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
at, body = 8, b""
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8])
    part = data[at + 8:at + 8 + size]
    if kind == b"IHDR":
        width, height, depth, form, _, _, laced = struct.unpack(">IIBBBBB", part)
    if kind == b"IDAT":
        body += part
    at += 12 + size
assert depth == 8 and laced == 0, (depth, laced)
step = {2: 3, 6: 4}[form]
raw, row = zlib.decompress(body), bytearray(width * step)
wanted = {tuple(int(v) for v in arg.split(",")): 0 for arg in sys.argv[2:]}
for y in range(height):
    line = raw[y * (width * step + 1):(y + 1) * (width * step + 1)]
    how, now = line[0], bytearray(line[1:])
    for i in range(width * step):
        left = now[i - step] if i >= step else 0
        up, corner = row[i], row[i - step] if i >= step else 0
        if how == 1: now[i] = (now[i] + left) & 255
        elif how == 2: now[i] = (now[i] + up) & 255
        elif how == 3: now[i] = (now[i] + (left + up) // 2) & 255
        elif how == 4:
            p = left + up - corner
            a, b, c = abs(p - left), abs(p - up), abs(p - corner)
            best = left if a <= b and a <= c else up if b <= c else corner
            now[i] = (now[i] + best) & 255
    for x in range(0, width * step, step):
        pixel = tuple(now[x:x + 3])
        if pixel in wanted:
            wanted[pixel] += 1
    row = now
print(*wanted.values())
"#;

/// `None` where there is no browser and nobody may install one.
fn browse(page: &Path, work: &Path) -> Option<Output> {
    let mut browser = Command::new("chromium");
    browser
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
        ])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .args(["--force-color-profile=srgb", "--hide-scrollbars"])
        .args(["--enable-logging=stderr", "--v=0", "--window-size=1200,900"])
        .arg(format!(
            "--user-data-dir={}",
            work.join("browser").display()
        ))
        .arg(format!("--screenshot={}", work.join("seen.png").display()))
        .args([
            "--dump-dom".to_owned(),
            format!("file://{}", page.display()),
        ])
        .env("HOME", work)
        .current_dir(work)
        .stdin(Stdio::null());
    match browser.output() {
        Ok(output) => Some(output),
        Err(_) if !rustix::process::geteuid().is_root() => None,
        Err(error) => panic!("chromium, which tests/run installs: {error}"),
    }
}

#[test]
fn the_html_report_can_be_seen_and_does_nothing() {
    let place = Place::new();
    place.write("w.yaml", HOSTILE);
    assert_eq!(
        place
            .run(&["run", "w.yaml", "--headless", "--id", "r1"])
            .code,
        1
    );
    let written = place.run(&["report", "r1", "--format", "html", "-o", "r1.html"]);
    assert_eq!((written.code, written.out.as_str()), (0, ""), "{written:?}");
    let Some(shown) = browse(&place.work().join("r1.html"), &place.work()) else {
        return println!("SKIPPED: no chromium; please run: sudo apt-get install chromium");
    };
    let said = String::from_utf8_lossy(&shown.stderr);
    assert!(shown.status.success(), "{said}");
    assert!(!said.contains("CONSOLE"), "{said}");

    let dom = String::from_utf8_lossy(&shown.stdout);
    for element in ["<script", "<img", "onerror=alert(1)>\n", "<iframe", "<link"] {
        assert!(!dom.contains(element), "{element}: {dom}");
    }
    for text in [
        "&lt;script&gt;alert(3)&lt;/script&gt;",
        "<h2>Failures</h2>",
        "class=\"failed\"",
    ] {
        assert!(dom.contains(text), "{text}: {dom}");
    }

    let count = Command::new("python3")
        .args(["-c", COUNT])
        .arg(place.work().join("seen.png"))
        // What worked, and what failed, in the light colours of the style.
        .args(["26,127,75", "191,46,36"])
        .output()
        .expect("python3, which tests/run installs");
    let counts = String::from_utf8_lossy(&count.stdout).into_owned();
    let pixels: Vec<u32> = counts
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    assert!(
        pixels.len() == 2 && pixels.iter().all(|n| *n > 100),
        "{counts} {}",
        String::from_utf8_lossy(&count.stderr)
    );
}
