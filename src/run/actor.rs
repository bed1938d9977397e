//! Who acts: the person, as far as the kernel knows it, and the terminal. Never `$USER`, which anyone can set.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who acts, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// Login name of the uid, or `uid N`; `flightdeck` for what the program does by itself.
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Host and terminal, for the audit. With the uid it tells one terminal from another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// `None` in journals of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The login that the kernel's audit goes by, where it is another than `name`: who became root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audit: String,
    /// What `sudo` says about where this account came from. For people to read: anyone can set it, so nothing is decided by it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub via: String,
    /// A screen, which stays: it takes the controls by acting where nobody has them. A single command does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub screen: bool,
}

impl Actor {
    /// Whether both are one person, as far as can be told. One uid is one person, unless the audit knows two logins behind it;
    /// two uids are two people, unless it knows one. Where an account is shared and the audit is silent, that is one person:
    /// better a vote too few than one person's word taken for two.
    pub fn same_person(&self, other: &Self) -> bool {
        let known = !self.audit.is_empty() && !other.audit.is_empty();
        match (self.uid, other.uid) {
            (Some(a), Some(b)) if a == b && known => self.audit == other.audit,
            (Some(a), Some(b)) if a == b => true,
            _ => self.login() == other.login(),
        }
    }

    /// Whether both are the same person's same terminal.
    pub fn same_terminal(&self, other: &Self) -> bool {
        self.uid == other.uid && self.name == other.name && self.at == other.at
    }

    /// Whether this person goes by `name`.
    pub fn goes_by(&self, name: &str) -> bool {
        self.name == name || self.audit == name
    }

    /// An account that several people may use.
    pub fn is_shared(&self) -> bool {
        self.uid == Some(0) || !self.audit.is_empty()
    }

    /// As a vote's record names the person.
    pub fn voter(&self) -> String {
        if self.is_shared() {
            format!("{self}, shared account")
        } else {
            self.to_string()
        }
    }

    /// The login that the person came with.
    fn login(&self) -> &str {
        if self.audit.is_empty() {
            &self.name
        } else {
            &self.audit
        }
    }
}

/// `ana`; `root (login ana)` where the audit knows who became root, `root (via ana)` where only `sudo` says so.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (self.audit.as_str(), self.via.as_str()) {
            ("", "") => f.write_str(name),
            ("", via) => write!(f, "{name} (via {via})"),
            (login, _) => write!(f, "{name} (login {login})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(name: &str, uid: u32, audit: &str) -> Actor {
        Actor {
            name: name.into(),
            uid: Some(uid),
            audit: audit.into(),
            ..Actor::default()
        }
    }

    #[test]
    fn a_person_is_a_uid_or_the_login_behind_it() {
        let ana = actor("ana", 1000, "");
        let ana_elsewhere = Actor {
            at: "db1 pts/9".into(),
            ..ana.clone()
        };
        let (root, root_ana, root_bob) = (
            actor("root", 0, ""),
            actor("root", 0, "ana"),
            actor("root", 0, "bob"),
        );
        assert!(ana.same_person(&ana_elsewhere));
        assert!(!ana.same_terminal(&ana_elsewhere));
        assert!(!ana.same_person(&actor("bob", 1001, "")));
        assert!(!root_ana.same_person(&root_bob));
        assert!(
            root_ana.same_person(&ana),
            "who became root is the same person"
        );
        assert!(root.same_person(&root_ana), "that cannot be told apart");
        assert!(root.is_shared() && !ana.is_shared());
    }

    #[test]
    fn an_older_journal_knows_names_only() {
        let old: Actor = serde_json::from_str(r#"{"name":"ana"}"#).unwrap();
        assert_eq!(old.uid, None);
        assert!(old.same_person(&actor("ana", 1000, "")));
    }

    #[test]
    fn a_name_says_who_is_behind_it() {
        assert_eq!(actor("ana", 1000, "").to_string(), "ana");
        assert_eq!(actor("root", 0, "ana").to_string(), "root (login ana)");
        let sudo = Actor {
            via: "ana".into(),
            ..actor("root", 0, "")
        };
        assert_eq!(sudo.to_string(), "root (via ana)");
    }
}
