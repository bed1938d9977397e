//! `region-failover`: an Auto Scaling group, a PostgreSQL pair, Route 53, and customers.

use serde_json::{Value as Json, json};

use crate::clouds::{capacity, group, page, place, weight, zone};
use crate::parties::postgres::Pair;
use crate::place::Place;
use crate::stage::Stage;

pub(crate) const REGION: &str = "eu-north-1";

/// What there is before a failover.
pub(crate) struct World {
    pub(crate) pair: Pair,
    pub(crate) place: Place,
    pub(crate) group: String,
    pub(crate) zone: String,
    params: Json,
}

/// Each run has a group and a zone of its own.
pub(crate) fn prepare(name: &str) -> World {
    let mut place = place();
    place.env.push((
        "DR_DATABASE_PASSWORD".into(),
        "not-asked-for-on-loopback".into(),
    ));
    let pair = Pair::start();
    let group_name = format!("shop-{name}");
    group(&group_name, 1, REGION);
    let zone = zone(&format!("{name}.example.com"));
    let health = page(&place, "health", "health", "fine");
    let params = json!({
        "target_region": REGION,
        "group": group_name,
        "capacity": 3,
        "primary": "127.0.0.1",
        "primary_port": pair.primary.port,
        "standby": "127.0.0.1",
        "standby_port": pair.standby.port,
        "database": "postgres",
        "database_user": "postgres",
        "zone": zone,
        "record": format!("shop.{name}.example.com."),
        "source": "eu-west",
        "source_value": "lb.eu-west.example.com",
        "target": "eu-north",
        "target_value": "lb.eu-north.example.com",
        "health": format!("http://127.0.0.1:{health}/health"),
    });
    place.write("params.yaml", &params.to_string());
    World {
        pair,
        place,
        group: group_name,
        zone,
        params,
    }
}

fn begin(name: &str) -> Failover {
    let world = prepare(name);
    Failover {
        stage: Stage::start(world.place, "region-failover", &world.params),
        pair: world.pair,
        group: world.group,
        zone: world.zone,
    }
}

/// One that has begun.
struct Failover {
    stage: Stage,
    pair: Pair,
    group: String,
    zone: String,
}

fn is_read_only(pair: &Pair) -> bool {
    pair.primary.psql("show default_transaction_read_only") == "on"
}

#[test]
fn straight_through() {
    let mut world = begin("straight");
    world.stage.approve("go");
    world.stage.ends("succeeded");
    assert_eq!(world.pair.standby.psql("select pg_is_in_recovery()"), "f");
    assert_eq!(
        world.pair.standby.psql("create table orders(); select 1"),
        "1"
    );
    assert!(is_read_only(&world.pair));
    assert_eq!(capacity(&world.group, REGION), 3);
    assert_eq!(weight(&world.zone, "eu-north"), Some(100));
    assert_eq!(weight(&world.zone, "eu-west"), Some(0));
}

#[test]
fn the_standby_is_away_when_it_is_to_be_promoted() {
    let mut world = begin("mended");
    world.stage.breakpoint("promote");
    world.stage.approve("go");
    world.stage.wait_for("promote", "held");
    world.pair.standby.crash();
    world.stage.face.select("promote");
    world.stage.face.keys("b");
    world.stage.wait_for("promote", "failed");
    world.pair.standby.up();
    world.stage.retry("promote");
    world.stage.ends("succeeded");
    assert_eq!(world.pair.standby.psql("select pg_is_in_recovery()"), "f");
    assert_eq!(weight(&world.zone, "eu-north"), Some(100));
}

#[test]
fn rolled_back_before_the_point_of_no_return() {
    let mut world = begin("back");
    world.stage.breakpoint("promote");
    world.stage.approve("go");
    world.stage.wait_for("promote", "held");
    assert!(is_read_only(&world.pair));
    assert_eq!(capacity(&world.group, REGION), 3);
    world.stage.roll_back("region-failover");
    assert!(!is_read_only(&world.pair));
    assert_eq!(capacity(&world.group, REGION), 1);
    assert_eq!(world.pair.standby.psql("select pg_is_in_recovery()"), "t");
    assert_eq!(
        weight(&world.zone, "eu-north"),
        None,
        "no record was ever made"
    );
}

/// The engine and its screen die in the middle; whoever takes the run up finds what was done, and nothing is done twice.
#[test]
fn the_engine_dies_in_the_middle_of_it() {
    let mut world = begin("killed");
    world.stage.breakpoint("traffic/second/weigh");
    world.stage.approve("go");
    // It looks at the health of the target for some seconds.
    world.stage.wait_for("traffic/well-1", "running");
    world.stage.kill();
    world.stage.resume();
    world.stage.wait_for("traffic/second/weigh", "held");
    world.stage.face.select("weigh");
    assert_eq!(weight(&world.zone, "eu-north"), Some(10));
    assert_eq!(world.pair.standby.psql("select pg_is_in_recovery()"), "f");
    let show = world.stage.place.show("r");
    let steps = show["steps"].as_array().expect("a list").iter();
    let twice = steps.filter(|s| s["attempts"].as_array().is_some_and(|a| a.len() > 1));
    assert_eq!(twice.count(), 0, "nothing is done twice: {show:#}");
    world.stage.order_roll_back("region-failover");
    world.stage.wait_for("still-standby.undo", "failed");
    assert_eq!(weight(&world.zone, "eu-north"), Some(0));
    // The standby has a timeline of its own: nothing written to the old primary would ever come there.
    assert!(is_read_only(&world.pair));
    assert_eq!(capacity(&world.group, REGION), 3);
    let show = world.stage.place.show("r").to_string();
    assert!(show.contains("rebuild it as a standby"), "{show}");
    // As the description of the workflow says.
    world.stage.skip("fence-writes.undo");
    world.stage.skip("still-standby.undo");
    world.stage.ends("rolled_back");
    assert!(is_read_only(&world.pair));
    assert_eq!(capacity(&world.group, REGION), 1);
}
