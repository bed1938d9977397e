//! `hybrid-multitier-deploy` over five real tiers, each read back by its own client.

use std::process::Command;

use crate::clouds::records;
use crate::hybrid_tiers::{World, begin, lead, said, terraform};
use crate::parties::sshd::sshd;
use crate::parties::terraform::is_missing;

/// What each tier says that it is at.
#[derive(Debug, PartialEq, Eq)]
struct Tiers {
    infra: String,
    releases: String,
    machines: [String; 2],
    containers: Vec<String>,
    page: String,
    /// Where customers are led, and for how many seconds they may remember it.
    address: String,
}

impl World {
    fn tiers(&self) -> Tiers {
        let infra = self.stage.place.path("infra");
        let releases = "select string_agg(name || ' by ' || run, ', ' order by name) from releases";
        let records = records(&self.zone);
        assert_eq!(records.len(), 1, "{records:?}");
        let address = &records[0]["ResourceRecords"][0]["Value"];
        Tiers {
            infra: terraform(&infra, &["output", "-raw", "release"]),
            releases: self.server.psql(releases),
            machines: ["web1", "web2"].map(|machine| self.ledger(machine)),
            containers: self.web.containers(),
            page: self.web.page(),
            address: format!("{address} {}", records[0]["TTL"]).replace('"', ""),
        }
    }

    /// What a machine has run, one after the other, as it tells by ssh.
    fn ledger(&self, machine: &str) -> String {
        let mut ssh = Command::new("/usr/bin/ssh");
        let control = self.stage.place.path("control");
        ssh.arg("-F").arg(&sshd().config).arg(machine);
        said(ssh.arg(format!("{} ledger", control.display()))).replace('\n', " ")
    }
}

fn before() -> Tiers {
    Tiers {
        infra: "7.10".into(),
        releases: "7.10 by earlier".into(),
        machines: ["7.10".into(), "7.10".into()],
        containers: vec!["web localhost/shop:7.10 running".into()],
        page: "7.10".into(),
        address: "192.0.2.1 300".into(),
    }
}

fn after() -> Tiers {
    Tiers {
        infra: "7.1".into(),
        releases: "7.1 by r, 7.10 by earlier".into(),
        machines: ["7.10 7.1".into(), "7.10 7.1".into()],
        containers: vec![
            "web localhost/shop:7.1 running".into(),
            "web-before localhost/shop:7.10 exited".into(),
        ],
        page: "7.1".into(),
        address: "192.0.2.2 30".into(),
    }
}

#[test]
fn hybrid_straight_through() {
    if is_missing() {
        return;
    }
    let mut world = begin("straight");
    world.stage.wait_for("review", "waiting");
    assert_eq!(world.tiers(), before(), "nothing before somebody says yes");
    world.stage.approve("review");
    world.stage.ends("succeeded");
    assert_eq!(world.tiers(), after());
}

#[test]
fn hybrid_a_machine_without_room_stops_the_rest_until_it_is_mended() {
    if is_missing() {
        return;
    }
    let mut world = begin("mended");
    let broken = world.stage.place.write("machines/127.0.0.2/broken", "");
    world.stage.approve("review");
    world.stage.wait_for("application[2]", "failed");
    let ledgers = ["web1", "web2"].map(|machine| world.ledger(machine));
    assert_eq!(ledgers, ["7.10 7.1", "7.10"]);
    assert_eq!(world.web.page(), "7.10", "the tiers behind it wait");
    std::fs::remove_file(broken).expect("mended");
    world.stage.retry("application[2]");
    world.stage.ends("succeeded");
    assert_eq!(world.tiers(), after(), "the first machine was left alone");
}

/// Where customers were led could not be given back, so nothing is touched before that is known.
#[test]
fn hybrid_without_a_record_of_customers_nothing_is_changed_until_there_is_one() {
    if is_missing() {
        return;
    }
    let mut world = begin("unled");
    world.stage.wait_for("led", "failed");
    lead(&world.zone, "shop.unled.example.com.");
    assert_eq!(world.tiers(), before());
    world.stage.retry("led");
    world.stage.wait_for("review", "waiting");
}

#[test]
fn hybrid_rolled_back_every_tier_is_at_the_release_of_before() {
    if is_missing() {
        return;
    }
    let mut world = begin("back");
    world.stage.breakpoint("customers-ok");
    world.stage.approve("review");
    world.stage.wait_for("customers-ok", "held");
    assert_eq!(world.tiers(), after());
    world.stage.roll_back("hybrid-multitier-deploy");
    let there_and_back = Tiers {
        machines: ["7.10 7.1 7.10".into(), "7.10 7.1 7.10".into()],
        containers: vec![
            "web localhost/shop:7.10 running".into(),
            "web-before localhost/shop:7.1 exited".into(),
        ],
        ..before()
    };
    assert_eq!(world.tiers(), there_and_back);
}
