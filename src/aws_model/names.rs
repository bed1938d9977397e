//! Names in any spelling: `RunInstances`, `run-instances` and `run_instances` are one.

/// Small letters and digits only.
pub fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The name of one of them: `InstanceIds` is `InstanceId`, `Statuses` is `Status`, `policies` is `policy`.
pub fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for end in ["sses", "uses", "xes"] {
        if name.ends_with(end) {
            return name[..name.len() - 2].to_owned();
        }
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_them() {
        for (many, one) in [
            ("InstanceIds", "InstanceId"),
            ("services", "service"),
            ("Statuses", "Status"),
            ("Policies", "Policy"),
            ("Address", "Address"),
            ("StackName", "StackName"),
        ] {
            assert_eq!(singular(many), one);
        }
        assert_eq!(plain("run-instances"), plain("RunInstances"));
    }
}
