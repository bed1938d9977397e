//! The theme on a real terminal: fitted to the background that the terminal tells, and to a file that is saved meanwhile.

use crate::face::Face;
use crate::place::{Place, wait_for};

const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";

/// The list of workflows, of which the first are three of our own.
fn home(place: &Place, args: &[&str]) -> Face {
    for name in ["a-one", "a-three", "a-two"] {
        let text = format!("name: {name}\nsteps:\n  - {{id: a, run: \"true\"}}\n");
        let folder = place.path(".config/flightdeck/workflows");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.yaml")), text).expect("written");
    }
    let face = Face::start(place, args, 80, 24);
    // Each row tells its steps once its file was looked at.
    face.wait_until("all of the list", |screen| {
        let title = screen.lines().next().unwrap_or_default();
        let count = title
            .split("Workflows ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        let has_count = |row: &&str| {
            let mut words = row.split_whitespace().skip(1);
            words.next().is_some_and(|word| word.parse::<u32>().is_ok())
        };
        let told = screen.lines().skip(2).filter(has_count);
        count.and_then(|n| n.parse().ok()) == Some(told.count())
    });
    face
}

fn asked(face: &Face) -> bool {
    let bytes = face.bytes();
    bytes.windows(QUESTION.len()).any(|part| part == QUESTION)
}

/// All that is to be seen, with its colours. The look ends with the place of a cursor that is hidden, which is where the last
/// bytes of a frame went, and no part of it.
fn shown(face: &Face) -> String {
    let look = face.look();
    look.rsplit_once("\u{1b}[")
        .map_or(look.clone(), |(seen, _)| seen.to_owned())
}

/// On which row the cursor stands.
fn row(screen: &str) -> Option<usize> {
    screen.lines().position(|line| line.starts_with('▌'))
}

fn leave(mut face: Face) {
    face.keys("q");
    assert!(face.end().success());
}

/// With one key before and one behind the answer: neither is lost, and no byte of the answer is one.
fn check(answer: &[u8], looks: &str) {
    let place = Place::new();
    let mut plain = home(&place, &["--theme", looks]);
    assert!(!asked(&plain), "nobody needs to know");
    let first = row(&plain.text()).expect("a cursor");
    plain.keys("jj");
    plain.wait_until("the cursor two rows below", |s| row(s) == Some(first + 2));
    // The row may have come before the rest of its frame.
    let mut expected = shown(&plain);
    wait_for("a frame that stays", || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let before = std::mem::replace(&mut expected, shown(&plain));
        before == expected
    });
    leave(plain);
    let mut face = home(&place, &[]);
    wait_for("the question", || asked(&face));
    face.send(&[b"j", answer, b"j"].concat());
    face.wait_until("the cursor two rows below", |s| row(s) == Some(first + 2));
    let told = String::from_utf8_lossy(answer).into_owned();
    wait_for(&format!("{looks} after {told:?}"), || {
        shown(&face) == expected
    });
    // The thread of the themes takes one after the other: the answer before this. The next theme is one that looks
    // different from what is worn, so a switch that came late or wrong is told here.
    let next = if looks == "light" { "dark" } else { "light" };
    face.keys("T");
    face.wait(&format!("theme {next}"));
    leave(face);
}

#[test]
fn a_light_terminal_gets_the_light_theme() {
    check(b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "light");
    check(b"\x1b]11;rgb:fdfd/f6f6/e3e3\x07", "light");
}

#[test]
fn a_dark_terminal_and_one_that_says_nothing_useful_get_the_dark_theme() {
    check(b"\x1b]11;rgb:1d1d/1f1f/2121\x1b\\", "dark");
    check(b"", "dark");
    check(b"\x1b]11;rgb:zz\x1b\\", "dark");
    check(b"\x1b]11;rgb:ff", "dark");
}

#[test]
fn a_theme_file_is_worn_as_it_is_saved_and_an_idle_screen_sends_nothing() {
    let place = Place::new();
    let folder = place.path(".config/flightdeck/themes");
    std::fs::create_dir_all(&folder).expect("a folder");
    let save = |text: &str| std::fs::write(folder.join("mine.yaml"), text).expect("saved");
    save("extends: dark\n");
    let mut face = home(&place, &["--theme", "mine"]);
    save("extends: light\n");
    face.wait("read anew: theme mine");
    save("extends: dark\nroles:\n  text: {fg: blu}\n");
    face.wait("mine.yaml:3:3: text: \"blu\" is not a colour");
    save("extends: dark\n");
    face.wait("read anew: theme mine");
    let before = face.bytes().len();
    // Two looks at the file: there is nothing else to wait for.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(face.bytes().len(), before, "looking costs no byte");
    face.keys("q");
    assert!(face.end().success());
}
