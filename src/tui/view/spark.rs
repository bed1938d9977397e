//! A trend of times in a few columns: `▂▂▃▂▇▃`.

use std::time::Duration;

use crate::tui::theme::Theme;

/// One glyph a time, its height against the longest of them: a bar twice as high took twice as long.
pub(crate) fn spark(times: &[Duration], theme: &Theme) -> String {
    let levels = &theme.lines().spark;
    let longest = times.iter().max().map_or(0, Duration::as_millis).max(1);
    let level = |time: &Duration| {
        let level = (time.as_millis() * levels.len() as u128).div_ceil(longest);
        levels[usize::try_from(level).unwrap_or(levels.len()).max(1) - 1]
    };
    times.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::themed;

    #[test]
    fn a_bar_is_as_high_as_its_share_of_the_longest() {
        let times = [0, 100, 120, 400, 800].map(Duration::from_secs);
        assert_eq!(spark(&times, &themed(false)), "▁▁▂▄█");
        assert_eq!(spark(&times, &themed(true)), "__.-#");
        assert_eq!(spark(&[], &themed(false)), "");
        assert_eq!(spark(&[Duration::ZERO], &themed(false)), "▁");
    }
}
