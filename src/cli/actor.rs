//! Who acts, as the kernel knows it: the uid's login name, the login that the audit goes by, the groups, host and terminal of
//! a process. Never `$USER`, which anyone can set.

use std::fs::{read, read_to_string};
use std::io;

use crate::run::Actor;

/// The person behind this process.
pub(super) fn current() -> Actor {
    // A process that cannot read its own folder under /proc has none mounted: its uid is still known.
    of_process(std::process::id()).unwrap_or_else(|_| Actor {
        name: format!("uid {}", rustix::process::getuid().as_raw()),
        uid: Some(rustix::process::getuid().as_raw()),
        at: host(),
        ..Actor::default()
    })
}

/// The person behind this process, at its screen.
pub(super) fn at_screen() -> Actor {
    Actor {
        screen: true,
        ..current()
    }
}

/// The person behind process `pid`. That it is still the process that was meant is for the caller to check, afterwards.
pub(super) fn of_process(pid: u32) -> io::Result<Actor> {
    let text = |name: &str| read_to_string(format!("/proc/{pid}/{name}"));
    let environment = read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let facts = Facts {
        status: text("status")?,
        stat: text("stat")?,
        login: text("loginuid").unwrap_or_default(),
        sudo_user: variable(&environment, "SUDO_USER").unwrap_or_default(),
        passwd: read_to_string("/etc/passwd").unwrap_or_default(),
        group: read_to_string("/etc/group").unwrap_or_default(),
        host: host(),
    };
    facts
        .actor()
        .ok_or_else(|| io::Error::other("the kernel names no uid of that process"))
}

fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// What the kernel and the tables of the system say about a process.
#[derive(Debug, Default)]
struct Facts {
    /// `/proc/PID/status`, `stat` and `loginuid`.
    status: String,
    stat: String,
    login: String,
    sudo_user: String,
    passwd: String,
    group: String,
    host: String,
}

impl Facts {
    fn actor(&self) -> Option<Actor> {
        let uid = *ids(&self.status, "Uid:").first()?;
        let login = login_of(&self.login).filter(|login| *login != uid);
        let named = |id| name_of(id, &self.passwd).unwrap_or_else(|| format!("uid {id}"));
        let name = named(uid);
        Some(Actor {
            groups: groups_of(&self.status, &self.group),
            at: match terminal_of(&self.stat) {
                Some(terminal) => format!("{} {terminal}", self.host),
                None => self.host.clone(),
            },
            uid: Some(uid),
            audit: login.map(named).unwrap_or_default(),
            via: Some(self.sudo_user.clone())
                .filter(|via| *via != name)
                .unwrap_or_default(),
            name,
            screen: false,
        })
    }
}

/// The uid that somebody logged in with, whatever they have become since; the kernel says -1 where nobody did.
fn login_of(loginuid: &str) -> Option<u32> {
    loginuid.trim().parse().ok().filter(|id| *id != u32::MAX)
}

/// `pts/3`: the terminal that controls the process, wherever its streams lead.
fn terminal_of(stat: &str) -> Option<String> {
    // The second field is the program's name in parentheses, which may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let device: u64 = fields.split_whitespace().nth(4)?.parse().ok()?;
    let (major, minor) = (
        (device >> 8) & 0xfff,
        (device & 0xff) | (device >> 12 & 0xfff00),
    );
    match major {
        136..=143 => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        4 if minor < 64 => Some(format!("tty{minor}")),
        4 => Some(format!("ttyS{}", minor - 64)),
        0 => None,
        _ => Some(format!("tty {major}:{minor}")),
    }
}

fn variable(environment: &[u8], name: &str) -> Option<String> {
    let mut all = environment.split(|b| *b == 0);
    let value = all.find_map(|v| v.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// The name in field `0` of the line of `table` (passwd or group) whose field `2` is `id`.
fn name_of(id: u32, table: &str) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == id && !name.is_empty()).then(|| name.to_owned())
    })
}

/// The numbers of the line of `status` that begins with `key`.
fn ids(status: &str, key: &str) -> Vec<u32> {
    let line = status.lines().find_map(|l| l.strip_prefix(key));
    let numbers = line.unwrap_or_default().split_whitespace();
    numbers.filter_map(|n| n.parse().ok()).collect()
}

fn groups_of(status: &str, group: &str) -> Vec<String> {
    // `Gid:` names the real group first; `Groups:` the others, often with it again.
    let mut all: Vec<u32> = ids(status, "Gid:").into_iter().take(1).collect();
    all.extend(ids(status, "Groups:"));
    let mut names: Vec<String> = all
        .into_iter()
        .map(|id| name_of(id, group).unwrap_or_else(|| format!("gid {id}")))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            status: "Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1000\t0\t0\t0\nGroups:\t1000 27 99 \n"
                .into(),
            stat: "7 (a) (b) S 1 7 7 34819 7 0".into(),
            login: "1000".into(),
            passwd: "root:x:0:0:root:/root:/bin/sh\n\nana:x:1000:1000::/home/ana:/bin/sh\n".into(),
            group: "root:x:0:\nsudo:x:27:ana\nana:x:1000:\n".into(),
            host: "db1".into(),
            ..Facts::default()
        }
    }

    #[test]
    fn a_login_is_a_name_its_groups_and_a_terminal() {
        let ana = facts().actor().unwrap();
        assert_eq!((ana.name.as_str(), ana.uid), ("ana", Some(1000)));
        assert_eq!(ana.at, "db1 pts/3");
        assert_eq!(ana.groups, ["ana", "gid 99", "sudo"]);
        assert_eq!((ana.audit.as_str(), ana.via.as_str()), ("", ""));
    }

    #[test]
    fn who_became_root_keeps_the_login() {
        let facts = Facts {
            status: "Uid:\t0\t0\t0\t0\n".into(),
            sudo_user: "bob".into(),
            ..facts()
        };
        let root = facts.actor().unwrap();
        assert_eq!(root.name, "root");
        assert_eq!((root.audit.as_str(), root.via.as_str()), ("ana", "bob"));
    }

    #[test]
    fn nobody_logged_in_to_a_service() {
        let facts = Facts {
            login: "4294967295".into(),
            stat: "7 (x) S 1 7 7 0 -1 0".into(),
            ..facts()
        };
        let service = facts.actor().unwrap();
        assert_eq!((service.audit.as_str(), service.at.as_str()), ("", "db1"));
    }

    #[test]
    fn terminals_go_by_their_names() {
        let check = |device: u32, expected: Option<&str>| {
            let found = terminal_of(&format!("1 (x) S 1 1 1 {device} 1"));
            assert_eq!(found.as_deref(), expected, "{device}");
        };
        check(0x8800, Some("pts/0"));
        check(0x0010_8801, Some("pts/257"));
        check(0x8901, Some("pts/257"));
        check(0x0402, Some("tty2"));
        check(0x0440, Some("ttyS0"));
        check(0, None);
    }

    #[test]
    fn a_variable_is_found_whole() {
        let environment = b"XSUDO_USER=eve\0SUDO_USER=ana\0";
        assert_eq!(variable(environment, "SUDO_USER").as_deref(), Some("ana"));
        assert_eq!(variable(environment, "SUDO"), None);
    }

    #[test]
    fn this_process_has_a_name_and_a_host() {
        let actor = current();
        assert!(!actor.name.is_empty() && actor.uid.is_some());
        assert!(!actor.at.is_empty());
    }
}
