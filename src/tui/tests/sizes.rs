//! Whatever the size, nothing panics, and what is drawn fits.

use super::screens::SCREENS;

#[test]
fn any_size_is_drawn() {
    for (_, reach) in SCREENS {
        let mut play = reach();
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
