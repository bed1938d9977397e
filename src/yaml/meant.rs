//! Did you mean: the known name that is closest to a mistyped one.

/// The candidate that `name` was probably meant to be, if any is close enough.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| {
        text.chars()
            .filter(|c| !matches!(c, '-' | '_' | ' '))
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    // Longer names are compared by their first characters only: a hostile name must not take long.
    let cut: String = name.chars().take(64).collect();
    let wanted = plain(&cut);
    let limit = match wanted.chars().count() {
        0 => return None,
        1..=2 => 0,
        3..=5 => 1,
        n => n / 3,
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 128)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&wanted, &plain(candidate));
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `x`?``, or the list of what there is if it is short, or nothing.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(meant) = closest(name, candidates.clone()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    list_of(candidates).map(|list| format!("there is {list}"))
}

/// `` `a`, `b`, `c` ``; the first dozen of them, and how many more there are.
pub fn list_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 12;
    let mut names = names.into_iter();
    let shown: Vec<String> = names
        .by_ref()
        .take(SHOWN)
        .map(|n| format!("`{n}`"))
        .collect();
    let more = names.count();
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown.join(", ")),
        (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}
