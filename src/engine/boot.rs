//! Which start of the machine this is. Whatever a record file says or does not say of another one, it proves nothing about
//! attempts under way: their processes are gone, and what they wrote down last may be gone too.

/// The kernel's own id of this start; empty where it does not say.
pub fn id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}
