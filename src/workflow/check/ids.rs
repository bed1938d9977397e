//! What names may look like.

/// An id of a step: `[a-z0-9][a-z0-9_-]*`, up to 64.
pub(super) fn is_step_id(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    text.len() <= 64
        && !text.is_empty()
        && !text.starts_with(['-', '_'])
        && text.chars().all(inside)
}

/// A name that can stand in an expression: `[A-Za-z_][A-Za-z0-9_]*`, up to 64.
pub(super) fn is_name(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 64
        && !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(inside)
}

/// The nearest text that is a step id.
pub(super) fn as_step_id(text: &str) -> Option<String> {
    let mut id = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' | '_' => id.push(c),
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
        if id.len() == 64 {
            break;
        }
    }
    let id = id.trim_matches(['-', '_']).to_owned();
    is_step_id(&id).then_some(id)
}

/// The nearest text that is a name.
pub(super) fn as_name(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = text
        .chars()
        .map(|c| if good(c) { c } else { '_' })
        .collect();
    let name = name.trim_matches('_').to_owned();
    is_name(&name).then_some(name)
}
