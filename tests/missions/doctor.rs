//! `doctor FILE`: what a workflow needs, looked at in a real world, with nothing changed.

use serde_json::Value as Json;

use crate::clouds::{capacity, records};
use crate::region_failover::{REGION, World, prepare};

fn doctor(world: &World) -> (Option<i32>, Json) {
    let args = [
        "doctor",
        "region-failover",
        "--params",
        "params.yaml",
        "--json",
    ];
    let output = world.place.output(&args);
    let rows = serde_json::from_slice(&output.stdout);
    let rows = rows.unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), rows)
}

fn unmet(rows: &Json) -> Vec<String> {
    let rows = rows.as_array().expect("a list").iter();
    let unmet = rows.filter(|row| row["state"] != "met");
    unmet
        .map(|row| format!("{}: {}", row["what"], row["why"]))
        .collect()
}

#[test]
fn all_that_a_failover_needs_is_looked_at_and_nothing_is_changed() {
    let mut world = prepare("doctor");
    let (code, rows) = doctor(&world);
    assert_eq!((code, unmet(&rows)), (Some(0), Vec::new()), "{rows:#}");
    let looked = |what: &str| {
        let mut rows = rows.as_array().expect("a list").iter();
        rows.any(|row| row["what"].as_str().is_some_and(|w| w.starts_with(what)))
    };
    for what in [
        "secret database_password",
        "AWS login",
        "PostgreSQL 127.0.0.1",
        "host 127.0.0.1:",
    ] {
        assert!(looked(what), "{what} in {rows:#}");
    }
    assert_eq!(capacity(&world.group, REGION), 1);
    assert!(records(&world.zone).is_empty());

    let told = |world: &World, why: &str| {
        let (code, rows) = doctor(world);
        let unmet = unmet(&rows).join("\n");
        assert_eq!(code, Some(7), "{unmet}");
        assert!(unmet.contains(why), "{why} in {unmet}");
    };
    world.pair.standby.crash();
    told(&world, "refused");
    world
        .place
        .env
        .retain(|(name, _)| name != "DR_DATABASE_PASSWORD");
    told(&world, "DR_DATABASE_PASSWORD is not set");
}
