//! Whatever the size, nothing panics, and what is drawn fits.

use super::play::{Play, approve, asking, failed, ticking};

fn boxes() -> Vec<Play> {
    let opened = |mut play: Play, keys: &str| {
        play.press(keys);
        play
    };
    let mut folded = asking();
    folded.press("a");
    approve(&mut folded);
    vec![
        failed(),
        opened(failed(), "r"),
        opened(failed(), "X"),
        opened(failed(), "e"),
        opened(failed(), "?"),
        opened(failed(), ": r e"),
        opened(failed(), "q"),
        opened(failed(), "d"),
        opened(failed(), "5"),
        opened(failed(), "2 ="),
        opened(failed(), "2 z h"),
        opened(failed(), "3"),
        opened(asking(), "3 z = ="),
        opened(failed(), "Y"),
        opened(failed(), "6"),
        opened(failed(), "W l"),
        opened(failed(), "v G S"),
        opened(failed(), "m / s t : x"),
        opened(failed(), "4 w"),
        opened(failed(), "c a b c"),
        opened(asking(), "a"),
        opened(ticking(), "a j t"),
        opened(folded, "h ="),
    ]
}

#[test]
fn any_size_is_drawn() {
    for mut play in boxes() {
        for width in [1, 2, 39, 40, 60, 99, 100, 160, 300] {
            for height in [1, 3, 9, 10, 13, 14, 100] {
                play.resize(width, height);
                let buffer = play.buffer(width % 2 == 0);
                assert_eq!(buffer.area.width, width);
                play.press("j");
            }
        }
    }
}
