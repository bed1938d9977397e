//! Every shipped theme loads, says something for every role, and keeps statuses apart without colour.

use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::*;

fn built_in(name: &str) -> Theme {
    load(name, &|_| None).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}"))
}

/// What `load` says about a user's theme `mine`.
#[track_caller]
fn check_mistake(text: &str, expected: &str) {
    let mistakes = load("mine", &|name| {
        (name == "mine").then(|| Ok(text.to_owned()))
    });
    let told: Vec<String> = mistakes
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, [expected]);
}

#[test]
fn every_shipped_theme_loads_under_its_own_name_and_says_something_for_every_role() {
    for (name, text) in BUILT_IN {
        assert!(text.contains(&format!("\nname: {name}\n")), "{name}");
        let theme = built_in(name);
        for role in Role::ALL {
            assert_ne!(
                theme.style(role),
                Style::default(),
                "{name}: {}",
                role.name()
            );
        }
        for status in Status::ALL {
            assert_ne!(
                theme.status(status).style,
                Style::default(),
                "{name}: {}",
                status.name()
            );
        }
    }
}

#[test]
fn the_numbers_of_roles_and_statuses_are_their_places() {
    for (i, role) in Role::ALL.into_iter().enumerate() {
        assert_eq!(role as usize, i);
    }
    for (i, status) in Status::ALL.into_iter().enumerate() {
        assert_eq!(status as usize, i);
    }
}

#[test]
fn statuses_are_told_apart_without_colour() {
    for (name, _) in BUILT_IN {
        for ascii in [false, true] {
            let theme = built_in(name).fitted(Depth::None, ascii);
            for (i, a) in Status::ALL.into_iter().enumerate() {
                let look = theme.status(a);
                assert_eq!(look.glyph.width(), 1);
                assert_eq!(look.glyph.width_cjk(), 1, "ambiguous width: {}", look.glyph);
                assert!(!ascii || look.glyph.is_ascii());
                assert!(look.style.fg.is_none_or(|c| c == Color::Reset));
                for b in &Status::ALL[..i] {
                    let other = theme.status(*b);
                    assert_ne!(look.word, other.word, "{name}");
                    // In Unicode FAIL and TIME share the cross, which is why both words are in capitals.
                    let crosses = (*b, a) == (Status::Fail, Status::Time) && !ascii;
                    assert!(look.glyph != other.glyph || crosses, "{name}: {a:?} {b:?}");
                }
            }
        }
    }
}

#[test]
fn what_must_not_be_overlooked_keeps_an_attribute_in_every_theme() {
    let loud = Modifier::BOLD | Modifier::REVERSED | Modifier::UNDERLINED;
    for (name, _) in BUILT_IN {
        let theme = built_in(name).fitted(Depth::None, false);
        for role in [
            Role::Selection,
            Role::EnvProd,
            Role::Danger,
            Role::Paused,
            Role::ToastError,
        ] {
            assert!(
                theme.style(role).add_modifier.intersects(loud),
                "{name}: {}",
                role.name()
            );
        }
        for status in [
            Status::Fail,
            Status::Time,
            Status::Unknown,
            Status::Ask,
            Status::Run,
        ] {
            assert!(
                theme.status(status).style.add_modifier.intersects(loud),
                "{name}: {status:?}"
            );
        }
    }
}

/// WCAG's measure, from 1 to 21.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |rgb: [u8; 3]| {
        let part = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2])
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_can_be_read_on_the_backgrounds_that_a_theme_is_made_for() {
    let backgrounds: [(&str, [u8; 3], f64); 10] = [
        ("dark", [0x1e, 0x1e, 0x1e], 4.5),
        ("dark", [0, 0, 0], 4.5),
        ("light", [0xff, 0xff, 0xff], 4.5),
        ("high-contrast", [0, 0, 0], 7.0),
        ("cb-safe", [0x1e, 0x1e, 0x1e], 4.5),
        ("cb-tritan", [0x1e, 0x1e, 0x1e], 4.5),
        ("catppuccin-mocha", [0x1e, 0x1e, 0x2e], 4.0),
        ("catppuccin-latte", [0xef, 0xf1, 0xf5], 4.0),
        ("gruvbox-dark", [0x28, 0x28, 0x28], 4.0),
        ("solarized-light", [0xfd, 0xf6, 0xe3], 4.0),
    ];
    for (name, background, least) in backgrounds {
        let theme = built_in(name);
        let styles = Role::ALL.map(|role| (role.name(), theme.style(role)));
        let looks = Status::ALL.map(|status| (status.name(), theme.status(status).style));
        for (what, style) in styles.into_iter().chain(looks) {
            let Some(fg) = style.fg.and_then(colour::components) else {
                continue;
            };
            let bg = style.bg.and_then(colour::components).unwrap_or(background);
            let found = contrast(fg, bg);
            assert!(
                found >= least,
                "{name}: {what} has {found:.1}, needs {least}"
            );
        }
    }
}

#[test]
fn a_user_file_stands_before_a_built_in_one_and_may_extend_it() {
    let mine = "extends: dark\npalette: {bad: '#FF0000'}\nroles: {text: {fg: 208, attr: [italic]}}\n\
        status: {ok: {glyph: '●', ascii: o, word: done}}";
    let theme = load("dark", &|name| {
        (name == "dark").then(|| Ok(mine.to_owned()))
    })
    .unwrap();
    assert_eq!(theme.style(Role::Text).fg, Some(Color::Indexed(208)));
    assert_eq!(theme.style(Role::Text).add_modifier, Modifier::ITALIC);
    // A new palette recolours what the extended theme draws with it.
    assert_eq!(theme.style(Role::Danger).fg, Some(Color::Rgb(255, 0, 0)));
    assert_eq!(theme.status(Status::Ok).glyph, "●");
    assert_eq!(theme.status(Status::Ok).word, "done");
    let theme = theme.fitted(Depth::Ansi16, true);
    assert_eq!(theme.status(Status::Ok).glyph, "o");
    assert_eq!(theme.style(Role::Danger).fg, Some(Color::LightRed));
}

#[test]
fn mistakes_are_told_with_place_and_what_was_meant() {
    check_mistake(
        "extends: dark\nroles:\n  acent: {fg: blue}\n",
        r#"mine.yaml:3:3: unknown role "acent", did you mean "accent"?"#,
    );
    check_mistake(
        "roles: {text: {fg: default}, key: {fg: bleu}}\n",
        r#"mine.yaml:1:30: key: "bleu" is not a colour, did you mean "blue"?"#,
    );
    check_mistake(
        "palette:\n  sea: '#12345'\n",
        r##"mine.yaml:2:3: sea: "#12345" is not a colour, write default, a name, 0-255 or "#rrggbb""##,
    );
    check_mistake(
        "status: {okay: {fg: 2}}",
        r#"mine.yaml:1:10: unknown status "okay", did you mean "ok"?"#,
    );
    check_mistake(
        "roles: {key: {attr: [blod]}}",
        r#"mine.yaml:1:9: unknown attr "blod", did you mean "bold"?"#,
    );
    check_mistake(
        "status: {ok: {glyph: '✅'}}",
        "mine.yaml:1:10: the glyph of ok must be one column wide",
    );
    check_mistake(
        "extends: drak\n",
        r#"mine.yaml:1:1: unknown theme "drak", did you mean "dark"?"#,
    );
}

#[test]
fn what_yaml_itself_refuses_has_a_line_too() {
    for text in [
        "extends: dark\ncolour: {}\n",
        "name: x\nroles: {text: {fg: [1]}}\n",
    ] {
        let mistakes = load("mine", &|_| Some(Ok(text.to_owned()))).unwrap_err();
        assert_eq!(mistakes.len(), 1);
        assert_eq!(mistakes[0].line, 2, "{}", mistakes[0]);
    }
}

#[test]
fn a_theme_cannot_extend_itself_for_ever() {
    let user = |name: &str| match name {
        "a" => Some(Ok("extends: b".to_owned())),
        "b" => Some(Ok("extends: a".to_owned())),
        _ => None,
    };
    assert!(load("a", &user).is_err());
}

#[test]
fn colours_go_down_to_what_is_there() {
    let check = |rgb: (u8, u8, u8), c256: u8, c16: Color| {
        let style = Style::new().fg(Color::Rgb(rgb.0, rgb.1, rgb.2));
        assert_eq!(Depth::TrueColor.fit(style), style);
        assert_eq!(Depth::Ansi256.fit(style).fg, Some(Color::Indexed(c256)));
        assert_eq!(Depth::Ansi16.fit(style).fg, Some(c16));
        assert_eq!(Depth::None.fit(style).fg, Some(Color::Reset));
    };
    check((0, 0, 0), 16, Color::Black);
    check((255, 255, 255), 231, Color::White);
    check((255, 0, 0), 196, Color::LightRed);
    check((0xD5, 0x5E, 0), 166, Color::Red);
    check((0x56, 0xB4, 0xE9), 74, Color::LightCyan);
    check((0x80, 0x80, 0x80), 244, Color::DarkGray);
    // The terminal's own sixteen are never replaced by guesses.
    let own = Style::new().fg(Color::Green).bg(Color::Reset);
    assert_eq!(Depth::Ansi16.fit(own), own);
    assert_eq!(Depth::Ansi256.fit(own), own);
}

#[test]
fn the_terminal_decides_depth_theme_and_characters() {
    let around = |set: &[(&str, &str)]| {
        let get = |name: &str| {
            let found = set.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Surroundings {
            no_color: get("NO_COLOR"),
            colorterm: get("COLORTERM"),
            term: get("TERM"),
            colorfgbg: get("COLORFGBG"),
            locale: get("LANG"),
            ..Surroundings::default()
        }
    };
    let check = |set: &[(&str, &str)], depth: Depth, theme: &str| {
        assert_eq!(around(set).depth(), depth, "{set:?}");
        assert_eq!(around(set).theme("auto"), theme, "{set:?}");
    };
    check(&[("TERM", "xterm-256color")], Depth::Ansi256, "dark");
    check(
        &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
        Depth::TrueColor,
        "dark",
    );
    check(
        &[("TERM", "xterm-256color"), ("COLORFGBG", "0;15")],
        Depth::Ansi256,
        "light",
    );
    check(
        &[("TERM", "xterm-256color"), ("COLORFGBG", "15;0")],
        Depth::Ansi256,
        "dark",
    );
    check(&[("TERM", "xterm")], Depth::Ansi16, "ansi16");
    check(
        &[("TERM", "xterm-256color"), ("NO_COLOR", "1")],
        Depth::None,
        "mono",
    );
    check(
        &[("TERM", "xterm-256color"), ("NO_COLOR", "")],
        Depth::Ansi256,
        "dark",
    );
    check(&[("TERM", "vt100")], Depth::None, "mono");
    check(&[], Depth::None, "mono");

    let theme = load_for(
        &around(&[("TERM", "xterm"), ("LANG", "C")]),
        "auto",
        &|_| None,
    )
    .unwrap();
    assert_eq!(
        (theme.name.as_str(), theme.depth, theme.ascii),
        ("ansi16", Depth::Ansi16, true)
    );

    let asked = Surroundings {
        colour: Choice::TrueColor,
        ..around(&[("NO_COLOR", "1")])
    };
    assert_eq!(
        (asked.depth(), asked.theme("cb-safe")),
        (Depth::TrueColor, "cb-safe")
    );
    assert!(!around(&[("LANG", "de_DE.UTF-8")]).ascii());
    assert!(around(&[("LANG", "ja_JP.UTF-8")]).ascii());
    assert!(around(&[("LANG", "C")]).ascii());
    assert!(around(&[]).ascii());
}
